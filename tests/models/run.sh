#!/bin/sh
# Looks at every state that a model can reach: run.sh MODEL.pml right|wrong [-DNAME...]. A right one
# has no error; one that is wrong on purpose must have one.
set -eu
model=$1
expected=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
spin -a "$@" "$model" >spin.log || { cat spin.log; exit 1; }
cc -O0 -w -DMEMLIM=2048 -DCOLLAPSE -DSAFETY -o pan pan.c
./pan -m1000000 >pan.log 2>&1 || true
grep -E 'errors:|states, stored$|assertion|invalid end' pan.log || true
if grep -q 'max search depth too small\|out of memory\|reached -DMEMLIM' pan.log; then
    echo "not all states were looked at"
    exit 1
fi
if grep -q 'errors: 0$' pan.log; then
    found=right
else
    found=wrong
fi
if [ "$found" != "$expected" ]; then
    cat pan.log
    echo "$(basename "$model") $*: $found, but it should be $expected"
    [ "$found" = right ] || spin -t -p "$@" "$model" | tail -n 60
    exit 1
fi
