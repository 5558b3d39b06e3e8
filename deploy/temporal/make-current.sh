#!/bin/sh
# Makes this release the one that wakes sleeping runs, once its workers are at work.
set -eu
: "${DORMOUSE_DEPLOYMENT_NAME:?}" "${DORMOUSE_BUILD_ID:?}"
attempt=1
until temporal worker deployment set-current-version --yes \
    --deployment-name "$DORMOUSE_DEPLOYMENT_NAME" --build-id "$DORMOUSE_BUILD_ID"; do
    [ "$attempt" -lt 30 ] || exit 1
    attempt=$((attempt + 1))
    sleep 2
done
