#!/bin/sh
# Runs once, when the database is made: a role that may maintain everything and read nothing of it.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
    --set "password=$(cat /run/secrets/pgtune)" <<'SQL'
CREATE ROLE pgtune LOGIN PASSWORD :'password';
GRANT pg_monitor, pg_maintain TO pgtune;
SQL
