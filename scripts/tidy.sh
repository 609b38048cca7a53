#!/bin/sh
# Runs clang-tidy on one file and says nothing unless it does. Arguments: build directory, file.
set -u

hints=$(cd "$(dirname "$0")" && pwd)/analyzer.h
# Not where these functions themselves are defined.
if grep -q '^int waldo_\(error_set\|error_system\|call_raise\)(' "$2"; then
    hints=/dev/null
fi
output=$(clang-tidy --quiet -p "$1" --extra-arg=-include --extra-arg="$hints" "$2" 2>&1)
status=$?
[ $status -eq 0 ] || printf '%s\n' "$output"
exit $status
