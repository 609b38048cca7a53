#!/bin/sh
# Each bad/NAME.proto must be refused with the errors that its first lines name, and no others:
#
#     // line:column: sentence
#
# and nothing may be written.
#
#     bad.sh PROTOC PLUGIN INCLUDE_DIR...
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
cd "$(dirname "$0")/bad"
protoc=$1
plugin=$(absolute "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for dir in "$@"; do
    printf '%s\n' "-I$(absolute "$dir")"
done >"$work/imports"

failed=0
fail()
{
    echo "FAILED: $1: $2"
    failed=1
}

count=0
for proto in *.proto; do
    rm -rf "$work/out"
    mkdir "$work/out"
    status=0
    "$protoc" --plugin=protoc-gen-waldo="$plugin" --waldo_out="$work/out" -I. -Iimported \
        "@$work/imports" "$proto" 2>"$work/messages" || status=$?
    [ $status = 1 ] || fail "$proto" "the status is $status"
    [ -z "$(ls "$work/out")" ] || fail "$proto" "files were written"
    sed -n "s|^// \([0-9][0-9]*:[0-9][0-9]*:\) |$proto:\1 error: |p" "$proto" >"$work/wanted"
    grep ': error: ' "$work/messages" >"$work/got" || true
    [ -s "$work/wanted" ] || fail "$proto" "it does not say which errors it has"
    diff "$work/wanted" "$work/got" || fail "$proto" "other errors (wanted <, got >)"
    count=$((count + 1))
done
[ $failed = 0 ] && echo "$count files refused, each in its own words"
exit $failed
