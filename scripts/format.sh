#!/bin/sh
# Puts every hand-written C file into the project's format.
set -eu
cd "$(dirname "$0")/.."
scripts/sources.sh | xargs -0 -r clang-format -i
