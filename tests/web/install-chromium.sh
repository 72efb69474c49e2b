#!/usr/bin/env bash
# The browser of the web app's tests, from Debian's packages; nothing to do where there is one.
set -euo pipefail
if command -v chromium > /dev/null; then exit 0; fi
if ! command -v apt-get > /dev/null || [ "$(id -u)" != 0 ]; then
  echo "There is no Chromium: the web app's tests will be skipped. Install it as your system does." >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core fonts-noto-color-emoji > /dev/null
