#!/usr/bin/env bash
# Gives Testcontainers a Docker engine and a Postgres image: the engine that is there, or else one of our own from Debian's
# packages (as root). No image registry is asked: the image is made of npm's Postgres binaries.
# usage: eval "$(test/docker/up.sh)"   then npm run test:scenarios; test/docker/down.sh ends what this started
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=${DOCKER_STATE:-/var/tmp/throughline-docker}
image=throughline/postgres:18

install_engine() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "no Docker engine, and none can be installed here"; return 1; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends docker.io busybox-static
}

start_engine() {
  mkdir -p "$state"
  # No firewall rules and no forwarding: published ports go through docker-proxy, on loopback only.
  setsid dockerd --data-root "$state/data" --exec-root "$state/exec" --pidfile "$state/dockerd.pid" -H "$DOCKER_HOST" \
    --ip 127.0.0.1 --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
    </dev/null >"$state/dockerd.log" 2>&1 &
  for _ in $(seq 200); do
    docker version >/dev/null 2>&1 && return
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  echo "dockerd did not start:"
  tail -n 20 "$state/dockerd.log"
  return 1
}

{
  # Ryuk, which would clear up after us, is an image that only a registry has; down.sh does its work.
  environment="TESTCONTAINERS_RYUK_DISABLED=true POSTGRES_IMAGE=$image"
  if ! docker version >/dev/null 2>&1; then
    export DOCKER_HOST=unix://$state/docker.sock
    # Inside a container Testcontainers looks for the engine on the bridge; ours is on loopback.
    environment="$environment DOCKER_HOST=$DOCKER_HOST TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1"
    if ! docker version >/dev/null 2>&1; then
      command -v dockerd >/dev/null && command -v busybox >/dev/null || install_engine
      start_engine
    fi
  fi
  docker image inspect "$image" >/dev/null 2>&1 || "$here/build-image.sh" "$image"
} >&2
echo "export $environment"
