#!/bin/sh
# Compiles what is in expected/ with every compiler that is there, as C11 and each header alone also
# as C++17, with warnings as errors.
#
#     compile.sh PROTOC PROTOC_GEN_C PROTO_DIR PROTOBUF_INCLUDE HEADER_DIR...
set -eu
# Arguments may be relative to where the caller is.
absolute()
{
    case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$start" "$1" ;;
    esac
}
start=$(pwd)
cd "$(dirname "$0")"
protoc=$1
protoc_gen_c=$(absolute "$2")
proto_dir=$(absolute "$3")
protobuf_include=$(absolute "$4")
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings='-Wall -Wextra -Wpedantic -Wcomment -Wshadow -Werror'
strict='-Wstrict-prototypes -Wmissing-prototypes -Wdeclaration-after-statement -Wconversion
    -Wsign-conversion -Wcast-align -Wredundant-decls -Wundef'

failed=0
compile()
{
    "$@" 2>"$work/messages" || {
        echo "FAILED: $*"
        cat "$work/messages"
        failed=1
    }
}

cd good
# shellcheck disable=SC2046 # the names have no spaces
"$protoc" --plugin=protoc-gen-c="$protoc_gen_c" --c_out="$work" -I. -I"$proto_dir" \
    -I"$protobuf_include" $(find . -name '*.proto' | sed 's,^\./,,') 2>"$work/messages" || {
    cat "$work/messages" >&2
    exit 1
}
cd ../expected
for dir in "$(pwd)" "$work" "$@"; do
    printf '"-I%s"\n' "$(absolute "$dir")"
done >"$work/includes"

count=0
find . -name '*.c' | sort >"$work/sources"
for c in gcc clang; do
    command -v "$c" >/dev/null || continue
    while read -r source; do
        # shellcheck disable=SC2086 # lists of options
        compile "$c" -std=c11 $warnings $strict "@$work/includes" -c -o "$work/object.o" "$source"
        count=$((count + 1))
    done <"$work/sources"
done
find . -name '*.h' | sed 's,^\./,,' | sort >"$work/headers"
for c in 'gcc -std=c11 -x c' 'clang -std=c11 -x c' 'g++ -std=c++17 -x c++' \
    'clang++ -std=c++17 -x c++'; do
    command -v "${c%% *}" >/dev/null || continue
    while read -r header; do
        printf '#include "%s"\n#include "%s"\n' "$header" "$header" >"$work/alone.inc"
        # shellcheck disable=SC2086 # lists of options
        compile $c $warnings "@$work/includes" -fsyntax-only "$work/alone.inc"
        count=$((count + 1))
    done <"$work/headers"
done
[ $failed = 0 ] && echo "$count compilations without a warning"
exit $failed
