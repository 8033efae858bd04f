#!/bin/sh
# make check: the tests of what differs from main (from the last commit, on main itself), one file or folder a line.
set -eu
cd "$(dirname "$0")/.."
base=$(git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)
{ git diff --name-only "$base"; git ls-files --others --exclude-standard; } |
  sed -nE \
    -e 's#^(tests/(.+/)?test_[a-z_]+\.py)$#\1#p; t' \
    -e 's#^(totem|tests/factories)/([a-z]+)[/.].*#tests/\2#p; t' \
    -e 's#^tests/([a-z]+)/.*#tests/\1#p; t' \
    -e 's#^config/.*#tests/core#p' |
  grep -v -E '^tests/(factories|browser|data|deploy)$' | sort -u |
  while read -r path; do if [ -e "$path" ]; then echo "$path"; fi; done
