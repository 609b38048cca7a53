#!/usr/bin/env bash
# After ctest: fails where a sanitizer has something to say of a test that passed. Criterion reports a
# test before its process ends, so a leak that is found then is no failure of the test's.
#
#     scripts/sanitizer_reports.sh BUILD
set -euo pipefail

log="$1/Testing/Temporary/LastTest.log"
if grep -n -A 20 -E 'ERROR: (Leak|Address)Sanitizer|runtime error:|WARNING: ThreadSanitizer' "$log"; then
    echo "a sanitizer has found something: see $log"
    exit 1
fi
