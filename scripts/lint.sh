#!/bin/sh
# Reads the sources and complains. Argument: a build directory that clang has built, for its
# compile_commands.json. Runs every check, also after one has failed.
set -eu
export LC_ALL=C.UTF-8

if [ $# -ne 1 ] || [ ! -f "$1/compile_commands.json" ]; then
    echo "usage: scripts/lint.sh BUILD_DIRECTORY" >&2
    exit 2
fi
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
max_lines=500

check_format()
{
    scripts/sources.sh | xargs -0 -r clang-format --dry-run -Werror
}

check_sizes()
{
    scripts/sources.sh | xargs -0 -r -n 1 awk -v max="$max_lines" '
        END { if (NR > max) { print FILENAME ": " NR " lines, at most " max; exit 1 } }'
}

check_line_ends()
{
    carriage_return=$(printf '\r')
    ! scripts/sources.sh | xargs -0 -r grep -l "$carriage_return" -- ||
        { echo "these have lines that end in CR LF"; return 1; }
}

check_shell()
{
    find .ci bench scripts tests examples -type f \( -name '*.sh' -o -path '.ci/run' \) -print0 |
        xargs -0 shellcheck
}

# Every file that is compiled, but for generated ones, one process each.
check_tidy()
{
    # The largest first, so that the processors end at about the same time.
    sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" | sort -u |
        grep -v -F -e "$build/" -e "$PWD/tests/golden/" | tr '\n' '\0' | xargs -0 -r ls -S |
        tr '\n' '\0' | xargs -0 -r -n 1 -P "$(nproc)" scripts/tidy.sh "$build"
}

failed=
for check in format sizes line_ends shell tidy; do
    echo "lint: $check"
    "check_$check" || failed="$failed $check"
done
if [ -n "$failed" ]; then
    echo "lint: failed:$failed" >&2
    exit 1
fi
echo "lint: all passed"
