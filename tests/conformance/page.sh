#!/bin/sh
# docs/conformance.md names every row's functions, and only such as there are. Arguments: the page,
# the program waldo-conformance, the folder of the Criterion tests.
set -eu

page=$1 program=$2 tests=$3
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

{
    "$program" --list | sed 's/:.*//'
    sed -n 's/^Row([a-z_]*, \([A-Za-z0-9_]*\))$/\1/p' "$tests"/test_*.c
} | sort -u >"$work/written"
# shellcheck disable=SC2016 # the backquotes are the page's
grep -o '`[a-z_/]*[A-JX][0-9][0-9]*_[A-Za-z0-9_]*`' "$page" | tr -d '\140' | sed 's|.*/||' |
    sort -u >"$work/named"

if ! diff "$work/written" "$work/named" >"$work/differences"; then
    echo "written (<) and named by the page (>):"
    cat "$work/differences"
    exit 1
fi
