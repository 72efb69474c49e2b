#!/bin/sh
# Prints the path of a Python 3.13 that really runs. It looks on the PATH, among pyenv's and among uv's, and as the
# last resort lets uv fetch one; uv itself is then taken from PyPI, at the version and hashes of requirements-dev.txt.
set -eu

works() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1; }

try() { if [ -n "$1" ] && works "$1"; then "$1" -c 'import sys; print(sys._base_executable)'; exit 0; fi; }

# HOME may have been set to something else, as build machines do; pyenv still is where the user lives.
home=$(eval "echo ~$(id -un)")
try "$(command -v python3.13 || true)"
for root in "${PYENV_ROOT:-}" "$HOME/.pyenv" "$home/.pyenv"; do
    for python in "$root"/versions/3.13*/bin/python3.13; do try "$python"; done
done
try "$(uv python find --no-project 3.13 2>/dev/null || true)"

for starter in python3 python; do
    "$starter" -c 'import venv, ensurepip' >/dev/null 2>&1 || continue
    mkdir -p .build
    awk '/^[^ ]/ { keep = /^uv==/ } keep' requirements-dev.txt > .build/uv.txt
    "$starter" -m venv .build/uv && .build/uv/bin/pip install --quiet --require-hashes --requirement .build/uv.txt >&2 \
        && .build/uv/bin/uv --system-certs python install 3.13 >&2 || break
    try "$(.build/uv/bin/uv python find --no-project 3.13)"
done

echo "Python 3.13 is needed and could not be fetched: install it (pyenv install 3.13, or uv python install 3.13)." >&2
exit 1
