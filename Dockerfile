# syntax=docker/dockerfile:1

# The Python that the tests run on. To pin it beyond its tag, append the digest that
# `docker buildx imagetools inspect python:3.11.14-slim-bookworm` shows: …-bookworm@sha256:…
ARG PYTHON=python:3.11.14-slim-bookworm

# What needs pip and setuptools happens here, and stays here.
FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/dormouse
ENV PATH=/opt/dormouse/bin:$PATH
WORKDIR /build

COPY requirements-production.lock ./
RUN python -m pip install --require-hashes --only-binary=:all: -r requirements-production.lock

COPY pyproject.toml README.md LICENSE cli.py config.py logs.py setting_types.py worker.py ./
COPY activities/ activities/
COPY api/ api/
COPY dispatch/ dispatch/
COPY doctor/ doctor/
COPY domain/ domain/
COPY intake/ intake/
COPY local/ local/
COPY runtime/ runtime/
COPY sending/ sending/
COPY store/ store/
COPY templates/ templates/
COPY workflows/ workflows/
RUN python -m pip install --no-deps --no-build-isolation . \
    && python -m pip uninstall --yes setuptools pip

FROM ${PYTHON}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Dormouse" \
      org.opencontainers.image.description="Customer journeys for web shops as durable Temporal workflows" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

RUN groupadd --gid 10001 dormouse \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin dormouse \
    && install --directory --owner=10001 --group=10001 --mode=0750 /data
COPY --from=build /opt/dormouse /opt/dormouse

# Nothing is written but below /data and /tmp: the root file system may be read-only.
ENV PATH=/opt/dormouse/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DORMOUSE_DATA_DIR=/data \
    DORMOUSE_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM

# Of the gateway; docker-compose.yml says how a worker's health is asked for.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

ENTRYPOINT ["dormouse"]
CMD ["api"]
