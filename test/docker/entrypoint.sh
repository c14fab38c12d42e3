#!/bin/sh
# Starts the cluster that the image carries, with the user, the password and the database of the environment, as the
# image on Docker Hub does.
set -eu
: "${POSTGRES_USER:=postgres}" "${POSTGRES_PASSWORD:=}"
: "${POSTGRES_DB:=$POSTGRES_USER}"

# quoted <text> <quote>: the text with each quote doubled
quoted() { printf %s "$1" | sed "s/$2/$2$2/g"; }

if [ ! -e "$PGDATA/prepared" ]; then
  user=$(quoted "$POSTGRES_USER" '"')
  {
    [ "$POSTGRES_USER" = postgres ] || printf 'CREATE ROLE "%s" SUPERUSER LOGIN;\n' "$user"
    [ -z "$POSTGRES_PASSWORD" ] || printf 'ALTER ROLE "%s" PASSWORD '\''%s'\'';\n' "$user" "$(quoted "$POSTGRES_PASSWORD" "'")"
    [ "$POSTGRES_DB" = postgres ] || printf 'CREATE DATABASE "%s" OWNER "%s";\n' "$(quoted "$POSTGRES_DB" '"')" "$user"
  } | postgres --single -D "$PGDATA" postgres >/dev/null
  method=scram-sha-256
  [ -n "$POSTGRES_PASSWORD" ] || method=trust
  printf 'local all all trust\nhost all all all %s\n' "$method" > "$PGDATA/pg_hba.conf"
  : > "$PGDATA/prepared"
fi

[ "${1:-postgres}" = postgres ] || exec "$@"
[ $# -eq 0 ] || shift
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
