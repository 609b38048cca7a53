"""A shared buffer as numpy's array, in two processes: numpy_buffer.py LIBWALDO.

Row S1. Exit code 77: there is no numpy."""
import ctypes
import os
import sys

try:
    import numpy
except ImportError:
    print("no numpy: left out")
    sys.exit(77)


class DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class Device(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("number", ctypes.c_int)]


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", Device),
        ("ndim", ctypes.c_int),
        ("dtype", DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


waldo = ctypes.CDLL(sys.argv[1])
for name in ("waldo_mp_buffer_value", "waldo_mp_buffer_tensor"):
    getattr(waldo, name).restype = ctypes.c_void_p
    getattr(waldo, name).argtypes = [ctypes.c_void_p]
waldo.waldo_mp_buffer_new.argtypes = [DataType, ctypes.c_int, ctypes.c_void_p, ctypes.c_int,
                                      ctypes.c_void_p, ctypes.c_void_p]
waldo.waldo_mp_queue_put.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_double,
                                     ctypes.c_void_p]
waldo.waldo_mp_queue_get.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_void_p,
                                     ctypes.c_void_p]
waldo.waldo_mp_buffer_from_value.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
waldo.waldo_mp_queue_new.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
FLOAT = 2


class View:
    """What numpy asks for."""

    def __init__(self, buffer):
        tensor = ctypes.cast(waldo.waldo_mp_buffer_tensor(buffer), ctypes.POINTER(Tensor))[0]
        size = tensor.dtype.bits // 8
        self.__array_interface__ = {
            "version": 3,
            "typestr": "<f%d" % size,
            "shape": tuple(tensor.shape[i] for i in range(tensor.ndim)),
            "strides": tuple(tensor.strides[i] * size for i in range(tensor.ndim)),
            "data": (tensor.data, False),
        }


def check(status):
    assert status >= 0, status


def in_child(queue):
    item = ctypes.c_void_p()
    buffer = ctypes.c_void_p()
    check(waldo.waldo_mp_queue_get(queue, 30.0, ctypes.byref(item), None))
    check(waldo.waldo_mp_buffer_from_value(item, ctypes.byref(buffer), None))
    array = numpy.asarray(View(buffer))
    assert array[1, 2] == 5.0, array
    array[0, 0] = 7.0


queue = ctypes.c_void_p()
check(waldo.waldo_mp_queue_new(None, ctypes.byref(queue), None))
child = os.fork()
if child == 0:
    try:
        in_child(queue)
        os._exit(0)
    finally:
        os._exit(1)

buffer = ctypes.c_void_p()
shape = (ctypes.c_int64 * 2)(2, 3)
check(waldo.waldo_mp_buffer_new(DataType(FLOAT, 64, 1), 2, shape, 0, ctypes.byref(buffer), None))
array = numpy.asarray(View(buffer))
assert array.shape == (2, 3) and not array.any()
array[1, 2] = 5.0
check(waldo.waldo_mp_queue_put(queue, waldo.waldo_mp_buffer_value(buffer), 30.0, None))
assert os.waitpid(child, 0)[1] == 0
assert array[0, 0] == 7.0, array
