#!/bin/sh
# Compares README.md and docs/ with the sources: blocks.awk says how.
set -eu
cd "$(dirname "$0")/../.."

sources=$(find examples tests/docs tests/golden/bad tests/golden/expected runtime/include \
    server/include proto -type f \( -name '*.[ch]' -o -name '*.proto' -o -name CMakeLists.txt \
    -o -name Makefile \))
docs=$(find README.md docs -maxdepth 1 -name '*.md' ! -name conformance.md)
# The project's paths have no spaces.
# shellcheck disable=SC2086
exec awk -f tests/docs/blocks.awk $sources $docs
