#!/bin/sh
# Run once by the postgres image, when its volume is empty: a role and its databases for each.
set -eu
psql --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=dormouse="$DATABASE_PASSWORD" --set=temporal="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE dormouse LOGIN PASSWORD :'dormouse';
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE DATABASE dormouse OWNER dormouse;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE dormouse, temporal, temporal_visibility FROM PUBLIC;
SQL
