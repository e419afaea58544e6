#!/usr/bin/env bash
# Every check of minik, from a fresh clone: set-up, types, lint, layer rules, unit tests, build, end-to-end tests.
# The last line is `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/setup.sh

step "System packages"; install_packages
step "Node and libraries"; install_modules
exec node scripts/test.ts "$@"
