#!/bin/sh
# Makes the namespace with what runs need of it. Harmless when repeated.
set -eu
: "${TEMPORAL_NAMESPACE:?}"
if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
fi
# The server may learn of its new namespace some seconds later.
attempt=1
until temporal operator search-attribute create \
    --name DormouseCustomer --type Keyword --name DormouseJourneyVersion --type Keyword; do
    [ "$attempt" -lt 30 ] || exit 1
    attempt=$((attempt + 1))
    sleep 2
done
