/* Errors: a code, the class Python would raise, a sentence, and where in the server it came from.
 *
 * Every int function of Waldo returns >= 0 on success and one of the negative WALDO_E... codes on
 * failure. On failure its ret_ parameters are untouched, and *reterr (which may be NULL) is filled.
 * A waldo_error owns nothing: copy it, drop it, reuse it. */
#ifndef WALDO_ERROR_H
#define WALDO_ERROR_H

#include <stdio.h>

#include <waldo/abi.h>

WALDO_BEGIN_DECLS

/* name, number on the wire, Python's class, text. Numbers are never reused. */
#define WALDO_ERROR_MAP(X)                                                                         \
    X(EVALUE, -1, "ValueError", "invalid value")                                                   \
    X(ETYPE, -2, "TypeError", "wrong type")                                                        \
    X(EKEY, -3, "KeyError", "no such key")                                                         \
    X(EINDEX, -4, "IndexError", "index out of range")                                              \
    X(EATTRIBUTE, -5, "AttributeError", "no such attribute or method")                             \
    X(ERUNTIME, -6, "RuntimeError", "not possible in this state")                                  \
    X(EASSERTION, -7, "AssertionError", "not allowed in this state")                               \
    X(EOVERFLOW, -8, "OverflowError", "number out of range")                                       \
    X(EZERODIVISION, -9, "ZeroDivisionError", "division by zero")                                  \
    X(EUNICODE, -10, "UnicodeDecodeError", "text is not UTF-8")                                    \
    X(ENOTIMPLEMENTED, -11, "NotImplementedError", "not provided")                                 \
    X(ENOMEM, -12, "MemoryError", "out of memory")                                                 \
    X(ESTOP, -13, "StopIteration", "the generator is exhausted")                                   \
    X(ERECURSION, -14, "RecursionError", "nested too deep")                                        \
    X(EEMPTY, -15, "Empty", "the queue is empty")                                                  \
    X(EFULL, -16, "Full", "the queue is full")                                                     \
    X(ESHUTDOWN, -17, "ShutDown", "the queue was shut down")                                       \
    X(EBROKENBARRIER, -18, "BrokenBarrierError", "the barrier is broken")                          \
    X(ETIMEOUT, -20, "TimeoutError", "the deadline passed")                                        \
    X(EGONE, -21, "ManagerGoneError", "manager gone")                                              \
    X(EUNKNOWNOUTCOME, -22, "UnknownOutcomeError", "the call may or may not have run")             \
    X(ECANCELLED, -23, "CancelledError", "the call was cancelled")                                 \
    X(EINTERRUPTED, -24, "InterruptedError", "interrupted by a signal")                            \
    X(EREMOTE, -25, "RemoteError", "the server could not do it")                                   \
    X(EPROCESS, -26, "ProcessError", "not possible in this state of the process")                  \
    X(EAUTHENTICATION, -27, "AuthenticationError", "the key was rejected")                         \
    X(EPERMISSION, -28, "PermissionError", "not permitted")                                        \
    X(EREFUSED, -29, "ConnectionRefusedError", "nobody listens there")                             \
    X(EADDRESSINUSE, -30, "OSError", "the address is in use")                                      \
    X(ENOTFOUND, -31, "FileNotFoundError", "no such file")                                         \
    X(EEXIST, -32, "FileExistsError", "exists already")                                            \
    X(ESYSTEM, -33, "OSError", "the operating system refused")                                     \
    X(EPROTOCOL, -34, "ProtocolError", "the peer does not speak Waldo")                            \
    X(EVERSION, -35, "VersionError", "the peer speaks another version")                            \
    X(ETOOBIG, -36, "MessageTooBigError", "the message is too big")                                \
    X(ELIMIT, -37, "LimitError", "a limit was reached")                                            \
    X(EFORK, -38, "ForkError", "not usable after fork")                                            \
    X(EMODULE, -39, "ImportError", "the module cannot be loaded")                                  \
    X(EOWNERDIED, -40, "OwnerDiedError", "the owner died while holding it")                        \
    X(EEOF, -41, "EOFError", "the other end was closed")                                           \
    X(EBROKENPIPE, -42, "BrokenPipeError", "nobody is left to read it")                            \
    X(EBUFFERTOOSHORT, -43, "BufferTooShort", "the message is longer than the buffer")

enum waldo_error_code {
    WALDO_OK = 0,
#define WALDO_ERROR_ENUM(name, number, type, text) WALDO_##name = (number),
    WALDO_ERROR_MAP(WALDO_ERROR_ENUM)
#undef WALDO_ERROR_ENUM
};

typedef struct waldo_error {
    int code;           /* 0 or WALDO_E... */
    char type_name[64]; /* "KeyError"; a handler may name its own */
    char message[512];  /* one sentence, cut if longer */
    char trace[1024];   /* where in the server, line by line; empty for local errors */
} waldo_error;

#define WALDO_ERROR_INIT                                                                           \
    {                                                                                              \
        0, "", "", ""                                                                              \
    }

/** "WALDO_EKEY"; "WALDO_OK" for 0 and above; "unknown error" for a code that is none. */
const char *waldo_error_name(int code);
/** The class Python would raise: "KeyError"; "RemoteError" for a code that is none. */
const char *waldo_error_type(int code);
/** A text for people: "no such key". */
const char *waldo_error_text(int code);

/** Fills *err, which may be NULL, and returns code. The trace is emptied. */
int waldo_error_set(waldo_error *err, int code, const char *format, ...) WALDO_PRINTF(3, 4);
/** Fills *err from an errno value, as "what: No such file or directory"; returns the code that
 *  stands for that errno (WALDO_ESYSTEM where there is no closer one). */
int waldo_error_system(waldo_error *err, int errno_value, const char *format, ...)
    WALDO_PRINTF(3, 4);
/** Writes "KeyError: 'x'" and, if there is one, the trace. */
void waldo_error_print(const waldo_error *err, FILE *stream);

WALDO_END_DECLS

#endif
