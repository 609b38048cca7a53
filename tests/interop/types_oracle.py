"""Does to Python's own objects what a C program did to Waldo's, and compares.

Each line of the file named on the command line is one operation, with tabs between its parts:

    OBJECT  TYPE  METHOD  ARGUMENTS  OUTCOME  RESULT

OBJECT is a number; `new` as the METHOD makes it. ARGUMENTS is the repr of a tuple, or of a dict of
keywords. OUTCOME is V and RESULT the repr of what came back, or S for the object itself, or I and
the repr of a list of what an iterator gave; or E and RESULT an error's class and message, with a
space between them.

The last line printed is "N operations, M wrong"; the exit status is 1 if any was wrong.
"""
import array
import copy
import multiprocessing.managers
import operator
import queue
import sys

NAMES = {"array": array.array, "nan": float("nan"), "inf": float("inf"), "slice": slice}

OPERATORS = {
    f"__{name}__": getattr(operator, name if name not in ("and", "or") else name + "_")
    for name in "and or sub xor lt le gt ge iand ior isub ixor".split()
}
REFLECTED = {f"__r{name[2:]}": OPERATORS[name] for name in ("__and__", "__or__", "__sub__", "__xor__")}


class Value(multiprocessing.managers.Value):
    """Python's, with the operations that are Waldo's own."""

    def __eq__(self, other):
        return (self._typecode, self.value) == (other._typecode, other.value)

    def fetch_add(self, value):
        return self.exchange(self.value + value)

    def exchange(self, value):
        before, self.value = self.value, value
        return before

    def compare_and_set(self, expected, desired):
        same = self.value == expected
        if same:
            self.value = desired
        return same


class Namespace(multiprocessing.managers.Namespace):
    def __eq__(self, other):
        return self.__dict__ == other.__dict__


NAMES["Value"] = Value
NAMES["Namespace"] = Namespace


def parse(text):
    return eval(text, dict(NAMES))


# ---- what Python does, where it is not just the method of that name ----


def sort(target, args):
    key = args.get("key")
    if isinstance(key, int):
        args["key"] = operator.itemgetter(key)
    elif isinstance(key, tuple):
        args["key"] = lambda item: [item := item[step] for step in key][-1] if key else item
    elif key is not None:
        args["key"] = {"len": len, "abs": abs, "str": str, "repr": repr}[key]
    ordered = sorted(target, **args)
    target[:] = ordered


def pop_many(target, index):
    taken = target[index]
    del target[index]
    return taken


def all_or_nothing(target, method, args):
    changed = copy.copy(target)
    getattr(changed, method)(*args)
    target.clear()
    target.update(changed)


def call_set(target, method, args, claim):
    if method in ("update", "difference_update", "intersection_update"):
        return all_or_nothing(target, method, args)
    if method == "pop" and target and claim in target:
        return target.remove(claim)
    if method == "__iter__":
        return iter(target)
    if method == "__class_getitem__":
        return f"set[{args[0]}]"
    return plain(target, method, args)


def call_list(target, method, args, claim):
    if method == "sort":
        return sort(target, args)
    if method == "pop_many":
        return pop_many(target, *args)
    return plain(target, method, args)


def plain(target, method, args):
    if method in OPERATORS:
        return OPERATORS[method](target, *args)
    if method in REFLECTED:
        return REFLECTED[method](args[0], target)
    if method == "#repr":
        return target
    if isinstance(args, dict):
        return getattr(target, method)(**args)
    return getattr(target, method)(*args)


def call_dict(target, method, args, claim):
    if method == "update" and isinstance(args, dict):
        return target.update(**args)
    if method == "update":
        return all_or_nothing(target, method, args)
    if method == "__ior__":
        all_or_nothing(target, "update", args)
        return target
    if method in ("keys", "values", "items"):
        return list(getattr(target, method)())
    return plain(target, method, args)


MAKE = {
    "list": list,
    "set": set,
    "Array": array.array,
    "Value": Value,
    "dict": dict,
    "Namespace": Namespace,
    "Queue": queue.Queue,
    "JoinableQueue": queue.Queue,
}
CALL = {"dict": call_dict, "list": call_list, "set": call_set}


# ---- comparing ----


def same(text, value):
    if repr(value) == text:
        return True
    # Only the order within a set is no promise.
    return "{" in text and parse(text) == value


def same_error(kind, method, text, error):
    name, _, message = text.partition(" ")
    # Which pair is found to have no order depends on the way of sorting.
    if method == "sort":
        return True
    if name != type(error).__name__:
        return False
    if message == str(error) or "{" in message and sorted(message) == sorted(str(error)):
        return True
    # Python's Empty, Full and ShutDown say no more than their names.
    if str(error) == "":
        return True
    # How an array names what does not fit depends on the version of Python.
    return kind == "Array" and name in ("OverflowError", "ValueError")


class Replay:
    def __init__(self):
        self.objects = {}

    def run(self, number, kind, method, args, claim):
        if method == "new":
            made = MAKE[kind](**args) if isinstance(args, dict) else MAKE[kind](*args)
            self.objects[number] = made
            return None
        target = self.objects[number]
        return CALL.get(kind, lambda t, m, a, c: plain(t, m, a))(target, method, args, claim)

    def agrees(self, number, kind, method, arguments, outcome, result):
        claim = parse(result) if method == "pop" and outcome == "V" else None
        try:
            value = self.run(number, kind, method, parse(arguments), claim)
        except Exception as error:
            return outcome == "E" and same_error(kind, method, result, error)
        if outcome == "E":
            return False
        if outcome == "S":
            return value is self.objects[number]
        if outcome == "I":
            items = list(value)
            return same(result, items) or (kind == "set" and set(parse(result)) == set(items))
        if kind == "set" and method == "pop":
            return value is None
        return same(result, value)


def main():
    replay = Replay()
    operations = wrong = 0
    for line in open(sys.argv[1], encoding="utf-8", newline="\n"):
        parts = line.rstrip("\n").split("\t")
        operations += 1
        if not replay.agrees(*parts):
            wrong += 1
            if wrong <= 50:
                print("wrong:", line.rstrip("\n")[:600])
                print("       Python has", repr(replay.objects.get(parts[0]))[:300])
    print(f"{operations} operations, {wrong} wrong")
    return 1 if wrong else 0


sys.exit(main())
