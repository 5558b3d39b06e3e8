#!/bin/sh
# Brings Temporal's two databases to the schema of this image's version. Harmless when repeated.
set -eu
for database in temporal temporal_visibility; do
    temporal-sql-tool --database "$database" setup-schema --version 0.0
done
temporal-sql-tool --database temporal update-schema --schema-name postgresql/v12/temporal
temporal-sql-tool --database temporal_visibility update-schema --schema-name postgresql/v12/visibility
