#!/bin/sh
# Installs a built tree, then builds and runs an outside project against it: with CMake, and with
# pkg-config and make. Argument: the build directory. Environment: CC, CXX, and WALDO_SANITIZE,
# with which the tree was built.
set -eu
# What a make around this one was told is not for the make in here.
unset MAKEFLAGS MAKELEVEL MFLAGS

build=$1
outside=$(cd "$(dirname "$0")/outside" && pwd)
work=$(mktemp -d)
server=

clean()
{
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

warnings='-Wall -Wextra -Wpedantic -Werror'
sanitize=
if [ -n "${WALDO_SANITIZE-}" ]; then
    sanitize="-fsanitize=$WALDO_SANITIZE -fno-sanitize-recover=all"
fi

# An installed tree may be moved.
install_tree()
{
    DESTDIR='' cmake --install "$build" --prefix "$work/first" >"$work/log" || {
        cat "$work/log"
        return 1
    }
    mv "$work/first" "$work/prefix"
    PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name waldo.pc)")
    export PKG_CONFIG_PATH
}

# Each public header compiles alone, as C and as C++.
check_headers()
{
    flags="$warnings $(pkg-config --cflags waldo-server)"
    for header in "$work"/prefix/include/waldo/*.h; do
        # shellcheck disable=SC2086 # flags are words
        "$CC" $flags -std=c11 -fsyntax-only -x c "$header"
        # shellcheck disable=SC2086
        "$CXX" $flags -std=c++17 -fsyntax-only -x c++ "$header"
    done
}

# Arguments: the directory of the programs, what to run.
expect_result()
{
    directory=$1
    shift
    "$directory/$1" ${2+"$2"} >"$work/result"
    diff "$work/expected" "$work/result"
}

# Argument: the directory of the programs and the module.
run_programs()
{
    expect_result "$1" alone

    mkfifo "$1/lines"
    # In the foreground: else timeout passes a signal on twice, and the second one is for hurry.
    timeout --foreground 60 "$work/prefix/bin/waldod" --listen tcp://127.0.0.1:0 --load "$1/tally.so" \
        >"$1/lines" &
    server=$!
    exec 3<"$1/lines"
    read -r line <&3 || line=nothing
    case $line in
    'listening on '*) ;;
    *)
        echo "waldod said: $line"
        return 1
        ;;
    esac
    expect_result "$1" vote "${line#listening on }"
    kill -TERM "$server"
    stopped=$server
    server=
    wait "$stopped" || {
        echo "waldod ended with status $?"
        return 1
    }
    exec 3<&-
}

printf '%s\n' 'nobody is not on the ballot' 'ada 2' 'grace 1' >"$work/expected"

echo "install"
install_tree

echo "headers"
check_headers

echo "CMake"
cmake -S "$outside" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$warnings $sanitize" --log-level=WARNING
cmake --build "$work/cmake"
run_programs "$work/cmake"

echo "pkg-config and make"
make -C "$outside" BUILD="$work/make" CC="$CC" CFLAGS="$warnings $sanitize" \
    LDFLAGS="$sanitize"
run_programs "$work/make"
