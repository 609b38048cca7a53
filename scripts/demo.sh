#!/bin/sh
# Runs the examples that show what Waldo does. Argument: a build directory.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: scripts/demo.sh BUILD_DIRECTORY" >&2
    exit 2
fi

for program in customised_managers manager wordcount_demo; do
    printf '\n== %s\n' "$program"
    "$1/bin/$program"
done
