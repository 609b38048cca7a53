#!/bin/sh
# Looks with valgrind for uninitialised and freed memory, and for leaks: in the unit tests, in tests
# with a server of their own, in examples, and in a waldod that answers all of waldo-conformance.
# What is found stays in the build directory, a file a process.
#
#     valgrind.sh BUILD [JOBS]
set -eu
build=$(cd "$1" && pwd)
jobs=${2:-1}
logs="$build/valgrind"
rm -rf "$logs"
mkdir -p "$logs"
cd "$build/tests"

# Each process writes a file. --quiet: it stays empty where nothing is found. Not in VALGRIND_OPTS: the
# janitor gets no environment, but options of the command line reach all children.
export options="--quiet --vgdb=no --trace-children=yes --fair-sched=yes --error-exitcode=99
    --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect"
# These lower the limit of descriptors, of which valgrind has its own at the end; the last one moves
# 100 MiB, for which its patience is too short here.
without='no_descriptor_left*|no_descriptor_is_left_for_an_item|a_quarter_of_the_descriptors_is_left'
export WITHOUT="!(*/@($without|large_replies_that_are_taken_late))"

# With both sides: what docs/ shows, batches, futures, generators, references.
servers='docs_programs faults.batches faults.futures faults.read_ahead faults.references'
# Those that ask for no descriptor of a process, which valgrind does not know (pidfd_open).
examples='customised_managers wordcount_demo seed_namespace'

programs()
{
    for program in unit.* $servers; do
        [ ! -f "$program" ] || printf '%s\n' "$program"
    done
    for program in $examples; do
        printf '../bin/%s\n' "$program"
    done
}

# Their exit codes say whether they passed, under valgrind's eyes.
run_all()
{
    # The inner shell expands its own arguments.
    # shellcheck disable=SC2016
    programs | xargs -n 1 -P "$jobs" sh -c '
        name=${1##*/}
        case $1 in
        ../bin/*) set -- "$1" ;;
        *) set -- "./$1" -j1 --filter "$WITHOUT" ;;
        esac
        if valgrind $options --log-file="$0/$name.%p" "$@" >"$0/$name.out" 2>&1; then
            echo "$name: passed"
        else
            echo "$name: FAILED"
            tail -n 20 "$0/$name.out"
        fi' "$logs"
}

# A server that is asked everything over tcp, encrypted, in shared memory, and over nn+tcp.
judge()
{
    work=$(mktemp -d)
    mkfifo "$work/said"
    "$build/bin/waldo-keygen" "$work/key" >/dev/null
    # shellcheck disable=SC2086 # one word an option
    valgrind $options --log-file="$logs/waldod.%p" "$build/bin/waldod" --lease 10 --grace 0.5 \
        --listen tcp://127.0.0.1:0 --listen "ipc://$work/socket" --listen nn+tcp://127.0.0.1:0 \
        --load "$build/lib/libwaldo-trial-types.so" --authkey-file "$work/key" >"$work/said" &
    server=$!
    exec 3<"$work/said"
    for engine in tcp shm nn+tcp; do
        read -r _ _ url <&3
        result=passed
        "$build/bin/waldo-conformance" --one-process --server "$url" --authkey-file "$work/key" \
            >"$logs/waldod.$engine.out" 2>&1 || result=FAILED
        echo "waldod.$engine: $result, $(tail -n 1 "$logs/waldod.$engine.out")"
    done
    kill "$server"
    wait "$server" && echo 'waldod: passed' || echo 'waldod: FAILED'
    rm -rf "$work"
}

{
    run_all
    judge
} | tee "$logs/results"
find "$logs" -empty -delete
if grep -l '^==' "$logs"/*.[0-9]* 2>/dev/null || grep -q FAILED "$logs/results"; then
    echo "valgrind: found something; what it says is in $logs" >&2
    exit 1
fi
echo 'valgrind: found nothing'
