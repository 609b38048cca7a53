#!/bin/sh
# Prints the C files that people write, each ended by a NUL: no generated and no golden ones.
set -eu
cd "$(dirname "$0")/.."

for folder in scripts proxygen runtime server tools tests bench examples; do
    [ ! -d "$folder" ] ||
        find "$folder" -path tests/golden -prune -o -type f -name '*.[ch]' -print0
done
