#!/bin/sh
# Runs every libFuzzer program of a build for some seconds, two at a time, from the inputs that are kept
# in tests/fuzz/corpus and those of earlier runs. What it finds stays in the build directory.
#
#     fuzz.sh BUILD SECONDS
set -eu
build=$1
seconds=$2
kept=$(cd "$(dirname "$0")/.." && pwd)/tests/fuzz/corpus
cd "$build/tests"
export kept
# The inner shell expands its own arguments.
# shellcheck disable=SC2016
for program in fuzz.*; do
    [ -x "$program" ] && [ -f "$program" ] && printf '%s\n' "./$program"
done | xargs -n 1 -P 2 sh -c '
    name=${1#./fuzz.}
    mkdir -p "corpus.$name"
    inputs=
    [ ! -d "$kept/$name" ] || inputs=$kept/$name
    if "$1" "corpus.$name" ${inputs:+"$inputs"} -max_total_time="$0" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$1-" >"$1.log" 2>&1; then
        printf "%s: %s\n" "${1#./}" "$(sed -n "s/stat::number_of_executed_units: */runs: /p" "$1.log")"
    else
        tail -n 40 "$1.log"
        exit 1
    fi' "$seconds"
