"""How long CPython's processes take to start and end: medians of COUNT rounds, in microseconds."""
import multiprocessing
import sys
import time


def nothing():
    pass


def start_and_join(context):
    begin = time.perf_counter()
    process = context.Process(target=nothing)
    process.start()
    process.join()
    return (time.perf_counter() - begin) * 1e6


def echo(connection, count):
    for _ in range(count):
        connection.send(connection.recv())


def pipe_round_trip(count=2000):
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=echo, args=(there, count + 1))
    process.start()
    here.send(0)
    here.recv()
    begin = time.perf_counter()
    for number in range(count):
        here.send(number)
        here.recv()
    taken = time.perf_counter() - begin
    process.join()
    return taken / count * 1e6


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    print("Python", sys.version.split()[0])
    for method in "fork", "spawn", "forkserver":
        context = multiprocessing.get_context(method)
        start_and_join(context)
        taken = sorted(start_and_join(context) for _ in range(count))
        print(f"start + join, {method:<16} {taken[count // 2]:8.1f}")
    print(f"pipe, round trip of an int     {pipe_round_trip():8.1f}")


if __name__ == "__main__":
    main()
