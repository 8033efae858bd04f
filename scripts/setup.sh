#!/bin/sh
# make setup: .venv with the pinned requirements, node_modules, static/vendor, catalogues.
# Usage: scripts/setup.sh base|dev, or python: says which Python it would take. Each step leaves a stamp named by what it depends on: a second run does nothing.
set -eu
cd "$(dirname "$0")/.."
wanted=${1:-base}

say() { printf '%s\n' "  $*"; }
fail() { printf '%s\n' "setup: $*" >&2; exit 1; }
key() { cat "$@" | cksum | tr ' ' '-'; }

# -- Tools ---------------------------------------------------------------------------------------------------------

# The first Python that is recent enough. For root, rather one that every user can run: a service (deploy/) runs as another,
# which cannot enter root's home. PYTHON decides where it is set.
find_python() {
  closed=
  for candidate in ${PYTHON:-python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11}; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    if [ "$(id -u)" != 0 ] || is_open "$candidate"; then
      command -v "$candidate"
      return
    fi
    closed=${closed:-$(command -v "$candidate")}
  done
  if [ -n "$closed" ]; then
    say "Note: only root can run $closed. For a service, install python3 (apt-get), remove .venv and start again." >&2
    echo "$closed"
  fi
}

is_open() {
  "$1" -c 'import os, pathlib, sys
path = pathlib.Path(os.path.realpath(sys.executable))
sys.exit(not all(part.stat().st_mode & 1 for part in (path, *path.parents)))'
}

check_node() {
  command -v node >/dev/null 2>&1 || fail "Node.js is missing: install version 20 or later (https://nodejs.org)."
  version=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  [ "$version" -ge 20 ] || fail "Node.js $version is too old: install version 20 or later (https://nodejs.org)."
  command -v npm >/dev/null 2>&1 || fail "npm is missing: install it (on Debian and Ubuntu: apt-get install npm)."
}

# -- Python --------------------------------------------------------------------------------------------------------

make_venv() {
  python=$(find_python)
  [ -n "$python" ] || fail "Python 3.11 or later is missing: install it (https://www.python.org)."
  say "Python environment (.venv)"
  rm -rf .venv
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1
  then
    say "python3-venv (apt-get)"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >/dev/null 2>&1 || true
  fi
  if ! output=$("$python" -m venv .venv 2>&1); then
    rm -rf .venv
    case $output in
      *"No space left"*) fail "The disk is full: free some space and start again." ;;
      *) fail "Python's venv is missing: install it (on Debian and Ubuntu: apt-get install python3-venv)." ;;
    esac
  fi
  pwd > .venv/.place
}

install_python() {
  # A venv holds the path it was made at: one that was moved, or whose Python is gone, is made anew.
  if [ "$(cat .venv/.place 2>/dev/null || true)" != "$(pwd)" ] || ! .venv/bin/python -c '' 2>/dev/null; then
    make_venv
  fi
  pip=.venv/.pip-$(key requirements/pip.txt)
  if [ ! -e "$pip" ]; then
    run "pip could not be brought up to date" .venv/bin/python -m pip install --quiet --disable-pip-version-check \
      --require-hashes -r requirements/pip.txt
    rm -f .venv/.pip-*
    touch "$pip"
  fi
  base=.venv/.base-$(key requirements/base.txt)
  dev=.venv/.dev-$(key requirements/dev.txt)
  stamp=$base
  [ "$wanted" = dev ] && stamp=$dev
  if [ ! -e "$stamp" ]; then
    say "Python packages ($wanted)"
    rm -f .venv/.base-* .venv/.dev-*
    run "Python packages could not be installed" .venv/bin/python -m pip install --quiet --disable-pip-version-check \
      --require-hashes -r "requirements/$wanted.txt"
    touch "$base" "$stamp"
  fi
  own=.venv/.totem-$(key pyproject.toml)
  if [ ! -e "$own" ]; then
    rm -f .venv/.totem-*
    run "Totem could not be installed in .venv" .venv/bin/python -m pip install --quiet --disable-pip-version-check \
      --no-deps --no-build-isolation -e .
    touch "$own"
  fi
}

# -- Assets --------------------------------------------------------------------------------------------------------

install_assets() {
  stamp=node_modules/.totem-$(key package.json package-lock.json)
  if [ ! -e "$stamp" ]; then
    check_node
    say "Assets (npm)"
    run "Assets could not be installed" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    touch "$stamp"
  fi
  stamp=static/vendor/.totem-$(key package-lock.json config/assets.py)
  if [ ! -e "$stamp" ]; then
    check_node
    .venv/bin/python -m config.assets || exit 1
    touch "$stamp"
  elif [ -n "$(find locale -name '*.po' -newer "$stamp" 2>/dev/null)" ]; then
    .venv/bin/python -m config.assets catalogues || exit 1
    touch "$stamp"
  fi
}

# Runs a command; when it fails, its last lines and one line that says what failed.
run() {
  what=$1
  shift
  if ! output=$("$@" 2>&1); then
    case $output in
      *"No space left"* | *ENOSPC*) fail "The disk is full: free some space and start again." ;;
    esac
    printf '%s\n' "$output" | tail -n 12 >&2
    fail "$what (see above): check the network and start again."
  fi
}

if [ "$wanted" = python ]; then
  find_python
  exit
fi
install_python
install_assets
