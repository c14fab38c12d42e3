#!/bin/sh
# npm's binaries come without pg_isready; the server notes in its pid file when it takes connections.
exec grep -q '^ready' "$PGDATA/postmaster.pid"
