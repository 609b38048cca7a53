#!/bin/sh
# Does what README.md says: runs the demo, and builds and runs its type as a project of its own,
# with CMake and with make, against an installed Waldo. What is printed must be what it shows. Also
# runs the server of docs/handlers.md.
# Argument: the build directory. Environment: CC, and WALDO_SANITIZE, with which it was built.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS

build=$1
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
server=

clean()
{
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

flags='-Wall -Wextra -Wpedantic -Werror'
sanitize=
if [ -n "${WALDO_SANITIZE-}" ]; then
    sanitize="-fsanitize=$WALDO_SANITIZE -fno-sanitize-recover=all"
fi

# The block with this word after its language.
block()
{
    awk -v word="$1" '/^```/ { shown = !shown && $2 == word; next } shown' "$source/README.md"
}

# How many words the sources have changes, and so does who counts them.
without_counts()
{
    sed '/^worker\|^together/s/[0-9][0-9]*/N/g'
}

check_demo()
{
    block demo | without_counts >"$work/expected"
    # It begins with an empty line.
    "$source/scripts/demo.sh" "$build" 2>"$work/log" | sed 1d | without_counts >"$work/result"
    diff "$work/expected" "$work/result" || { cat "$work/log"; return 1; }
}

# Arguments: a server's command. Sets `address`.
start_server()
{
    rm -f "$work/lines"
    mkfifo "$work/lines"
    "$@" >"$work/lines" &
    server=$!
    read -r line <"$work/lines"
    address=${line#listening on }
}

stop_server()
{
    kill -TERM "$server"
    wait "$server"
    server=
}

# Arguments: the module, the client.
check_visit()
{
    start_server "$work/prefix/bin/waldod" --listen tcp://127.0.0.1:0 --load "$1"
    "$2" "$address" >"$work/result"
    stop_server
    diff "$work/expected" "$work/result"
}

echo "demo"
check_demo

echo "install"
DESTDIR='' cmake --install "$build" --prefix "$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name waldo.pc)")
export PKG_CONFIG_PATH
block visit >"$work/expected"

echo "CMake"
cmake -S "$source/examples/counter" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$flags $sanitize" --log-level=WARNING
cmake --build "$work/cmake" >"$work/log" || { cat "$work/log"; exit 1; }
check_visit "$work/cmake/libcounter.so" "$work/cmake/visit"

echo "make"
cp -r "$source/examples/counter" "$work/make"
CFLAGS="$flags $sanitize" LDFLAGS=$sanitize make -C "$work/make" CC="$CC" >"$work/log" ||
    { cat "$work/log"; exit 1; }
check_visit "$work/make/libcounter.so" "$work/make/visit"

echo "a server in a program"
start_server "$build/tests/docs_embed"
"$work/cmake/visit" "$address" >"$work/result"
stop_server
diff "$work/expected" "$work/result"
