#!/bin/sh
# make test drives a real browser: Debian's Chromium, installed when we are root, or Chrome on macOS.
set -eu
for program in /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome \
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
  "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
  [ -x "$program" ] && exit 0
done
[ -n "${TOTEM_TEST_BROWSER:-}" ] && exit 0
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "  Chromium (apt-get)"
  if apt-get update -qq >/dev/null 2>&1 &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1; then
    exit 0
  fi
fi
echo "test: no Chromium for the browser tests: install it (Debian: apt-get install chromium; macOS: Google Chrome)." >&2
exit 1
