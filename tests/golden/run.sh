#!/bin/sh
# Compares what protoc-gen-waldo makes of good/ with expected/, byte by byte, and that it makes the
# same again, from another directory and of all files at once.
#
#     run.sh [--update] PROTOC PLUGIN INCLUDE_DIR...
#
# --update writes expected/ anew instead: look at the difference before committing it.
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
here=$(pwd)

update=no
if [ "$1" = --update ]; then
    update=yes
    shift
fi
protoc=$1
plugin=$(absolute "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# generate OUT_DIR FILE... : with the include directories that were given
imports=$work/imports
for dir in "$@"; do
    printf '%s\n' "-I$(absolute "$dir")"
done >"$imports"
generate()
{
    out=$1
    shift
    mkdir -p "$out"
    "$protoc" --plugin=protoc-gen-waldo="$plugin" --waldo_out="$out" -I. "@$imports" "$@" \
        2>"$work/messages" || {
        cat "$work/messages" >&2
        exit 1
    }
}

cd good
find . -name '*.proto' | sed 's,^\./,,' | sort >"$work/protos"
while read -r proto; do
    generate "$work/one" "$proto"
done <"$work/protos"

if [ $update = yes ]; then
    rm -rf "$here/expected"
    mkdir "$here/expected"
    cp -R "$work/one/." "$here/expected"
    echo "expected/ is up to date"
    exit 0
fi
diff -r "$here/expected" "$work/one"

# Once more: a copy elsewhere, all files in one run, in another language and time zone.
mkdir "$work/copy"
cp -R . "$work/copy"
cd "$work/copy"
LC_ALL=C.UTF-8 TZ=Pacific/Apia
export LC_ALL TZ
# shellcheck disable=SC2046 # the names have no spaces
generate "$work/all" $(cat "$work/protos")
diff -r "$work/one" "$work/all"
echo "$(wc -l <"$work/protos") files: as expected, and the same again"
