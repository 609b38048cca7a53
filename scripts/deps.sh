#!/bin/sh
# Installs what Waldo is built, tested and checked with, under Debian 12's names. Says and does
# nothing when all of it is there.
#
#     scripts/deps.sh           install what is missing
#     scripts/deps.sh --list    print what is needed, a package a line
set -eu

build='gcc g++ libc6-dev make cmake ninja-build pkg-config'
libraries='libprotobuf-c-dev protobuf-c-compiler protobuf-compiler libprotoc-dev
    libnanomsg-dev libuv1-dev libsodium-dev libmd-dev libgmp-dev libdlpack-dev'
benchmarks='libhiredis-dev redis-server'
tests='libcriterion-dev libnng-dev spin iproute2 python3 python3-numpy valgrind libc6-dbg'
checks='clang libclang-rt-14-dev clang-format clang-tidy shellcheck'
packages="$build $libraries $benchmarks $tests $checks"

list()
{
    # shellcheck disable=SC2086 # one word a package
    printf '%s\n' $packages
}

missing()
{
    for package in $packages; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=none
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "deps.sh: needs root to run: $*" >&2
        exit 1
    fi
}

case ${1-} in
--list)
    list
    exit
    ;;
'') ;;
*)
    echo "usage: scripts/deps.sh [--list]" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    {
        echo "deps.sh: no apt-get here. Waldo needs, under Debian 12's names:"
        list | sed 's/^/    /'
    } >&2
    exit 1
fi

wanted=$(missing)
[ -n "$wanted" ] || exit 0

echo "deps.sh: installing $wanted"
as_root apt-get -q update
# `env`, because sudo may drop a variable that is only exported. Each word is a package.
# shellcheck disable=SC2086
as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install --yes --no-install-recommends $wanted
