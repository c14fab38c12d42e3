#!/usr/bin/env bash
# Ends the engine that up.sh started, with the containers that a killed test run may have left on it.
set -euo pipefail
state=${DOCKER_STATE:-/var/tmp/throughline-docker}
[ -s "$state/dockerd.pid" ] || exit 0
pid=$(cat "$state/dockerd.pid")
export DOCKER_HOST=unix://$state/docker.sock
docker ps --all --quiet | xargs --no-run-if-empty docker rm --force >/dev/null
kill "$pid"
for _ in $(seq 100); do
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
rm -rf "$state"
