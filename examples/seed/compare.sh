#!/bin/sh
# Runs a program and compares the lines that it prints, in any order, with a file.
# Arguments: the program, the file.
set -eu
export LC_ALL=C

actual=$(mktemp)
trap 'rm -f "$actual"' EXIT
"$1" >"$actual"
sort -o "$actual" "$actual"
sort "$2" | diff -u - "$actual"
