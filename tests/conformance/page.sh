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

twice=$(sed -n 's/^| \([A-Z][0-9]*\) |.*/\1/p' "$page" | sort | uniq -d)
if [ -n "$twice" ]; then
    echo "rows that the page has twice: $twice"
    exit 1
fi

# Every row of multiprocessing's is on the page, on its own or with others.
for group in A27 B24 C11 D20 E16 F22 G11 H11 J10; do
    letter=${group%%[0-9]*} last=${group#?}
    for number in $(seq "$last"); do
        if ! grep -q "^|[^|]*\\<$letter$number\\>[^|]*|" "$page"; then
            echo "the page has no row $letter$number"
            exit 1
        fi
    done
done
