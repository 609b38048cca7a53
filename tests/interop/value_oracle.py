"""Checks what a C program claims about values against Python itself.

Each line of the file named on the command line is a claim, with tabs between its parts:

    repr   EXPRESSION  HEX          repr() of the expression is that UTF-8 text
    truth  EXPRESSION  0|1          bool()
    equal  LEFT RIGHT  0|1          ==
    order  LEFT RIGHT  -1|0|1|2|!   <, 0 for equal, 2 for neither, ! for a TypeError
    OPERATOR LEFT RIGHT RESULT      RESULT is an expression of repr's kind, or !NameOfTheError

The last line printed is "N claims, M wrong"; the exit status is 1 if any was wrong.
"""
import array
import math
import operator
import sys

NAMES = {"array": array, "f": float.fromhex, "nan": float("nan"), "inf": float("inf")}
OPERATORS = {name: getattr(operator, name) for name in "add sub mul floordiv mod pow".split()}
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)


def value(expression):
    return eval(expression, dict(NAMES))


def order(left, right):
    try:
        if left < right:
            return "-1"
        if left == right:
            return "0"
        return "1" if left > right else "2"
    except TypeError:
        return "!"


def is_root_of_negative(function, left, right):
    """Complex in Python; a ValueError here."""
    return (
        function is operator.pow
        and isinstance(left, (int, float))
        and isinstance(right, float)
        and math.isfinite(left)
        and left < 0
        and not right.is_integer()
        and math.isfinite(right)
    )


def outcome(function, left, right):
    try:
        if is_root_of_negative(function, left, right):
            return "!ValueError"
        result = function(left, right)
    except (ArithmeticError, TypeError, ValueError) as error:
        return "!" + type(error).__name__
    return result


def same(left, right):
    return type(left) is type(right) and repr(left) == repr(right)


def holds(kind, parts):
    if kind == "repr":
        return repr(value(parts[0])) == bytes.fromhex(parts[1]).decode()
    if kind == "truth":
        return bool(value(parts[0])) == (parts[1] == "1")
    left, right = value(parts[0]), value(parts[1])
    if kind == "equal":
        return (left == right) == (parts[2] == "1")
    if kind == "order":
        return order(left, right) == parts[2]
    result = outcome(OPERATORS[kind], left, right)
    if parts[2].startswith("!") or isinstance(result, str) and result.startswith("!"):
        return result == parts[2]
    return same(result, value(parts[2]))


def main():
    claims = wrong = 0
    for line in open(sys.argv[1], encoding="ascii"):
        kind, *parts = line.rstrip("\n").split("\t")
        claims += 1
        if not holds(kind, parts):
            wrong += 1
            print("wrong:", line.rstrip("\n")[:400])
    print(f"{claims} claims, {wrong} wrong")
    return 1 if wrong else 0


sys.exit(main())
