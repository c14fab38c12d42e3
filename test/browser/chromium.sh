#!/usr/bin/env bash
# Says where a Chromium for the browser test is: the one that is there, or, told to install one, Debian's (as root).
# usage: test/browser/chromium.sh [install]
set -euo pipefail

find_chromium() {
  for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
    command -v "$name" && return
  done
  return 1
}

install_chromium() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "no Chromium, and none can be installed here"; return 1; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium
}

find_chromium && exit
[ "${1:-}" = install ] || exit 1
install_chromium >&2
find_chromium
