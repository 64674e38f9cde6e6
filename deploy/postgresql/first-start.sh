#!/bin/sh
# The first start of the database of deploy/compose.yaml: roles, database, schema, and the passwords of its environment.
set -eu

psql --username postgres --dbname postgres --set ON_ERROR_STOP=1 --file /frontoffice/roles.sql
psql --username postgres --dbname frontoffice --set ON_ERROR_STOP=1 --file /frontoffice/schema.sql
psql --username postgres --dbname postgres --set ON_ERROR_STOP=1 \
    --set owner="$OWNER_PASSWORD" --set app="$APP_PASSWORD" --set across="$ACROSS_PASSWORD" <<'SQL'
alter role owner password :'owner';
alter role app password :'app';
alter role across password :'across';
SQL
