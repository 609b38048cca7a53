#include "failing.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { JUMP_SECONDS = 3600 };

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_print_stack_trace(void);
#endif

static _Thread_local enum failing_side mine;
static atomic_int armed_side, armed_what, left;
static atomic_bool has_failed;
static atomic_long jumped; /* seconds that the clock shows too many, for both sides */

void failing_belong_to(enum failing_side side)
{
    mine = side;
}

void failing_arm(enum failing_side side, enum failing_what what, unsigned number)
{
    atomic_store(&armed_side, NOBODY);
    atomic_store(&has_failed, false);
    atomic_store(&armed_what, (int)what);
    atomic_store(&left, (int)number);
    atomic_store(&armed_side, (int)side);
}

bool failing_disarm(void)
{
    atomic_store(&armed_side, NOBODY);
    return atomic_load(&has_failed);
}

/* Where it fails, for people: WALDO_FAILING_TRACE=1. */
static void show(void)
{
#ifdef __SANITIZE_ADDRESS__
    atomic_store(&armed_side, NOBODY);
    if (getenv("WALDO_FAILING_TRACE"))
        __sanitizer_print_stack_trace();
#endif
}

static bool fails(enum failing_what what)
{
    if (mine == NOBODY || (int)mine != atomic_load(&armed_side) ||
        atomic_load(&armed_what) != (int)what || atomic_fetch_sub(&left, 1) != 1)
        return false;
    atomic_store(&has_failed, true);
    show();
    return true;
}

static bool fails_with(enum failing_what what, int error)
{
    if (!fails(what))
        return false;
    errno = error;
    return true;
}

#define WRAP(type, name, parameters, arguments, what, error, result)                               \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails_with(what, error) ? (result) : __real_##name arguments;                       \
    }

/* ---- allocations ---- */

WRAP(void *, malloc, (size_t size), (size), ALLOCATIONS, ENOMEM, NULL)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), ALLOCATIONS, ENOMEM, NULL)
WRAP(void *, realloc, (void *memory, size_t size), (memory, size), ALLOCATIONS, ENOMEM, NULL)
WRAP(char *, strdup, (const char *text), (text), ALLOCATIONS, ENOMEM, NULL)
WRAP(char *, strndup, (const char *text, size_t size), (text, size), ALLOCATIONS, ENOMEM, NULL)
WRAP(void *, mmap, (void *at, size_t size, int protection, int flags, int file, off_t offset),
     (at, size, protection, flags, file, offset), ALLOCATIONS, ENOMEM, MAP_FAILED)

int __wrap_asprintf(char **ret_text, const char *format, ...);
int __wrap_asprintf(char **ret_text, const char *format, ...)
{
    if (fails_with(ALLOCATIONS, ENOMEM))
        return -1;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(ret_text, format, arguments);
    va_end(arguments);
    return length;
}

/* ---- descriptors ---- */

WRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol), DESCRIPTORS,
     EMFILE, -1)
WRAP(int, memfd_create, (const char *name, unsigned flags), (name, flags), DESCRIPTORS, EMFILE, -1)
WRAP(int, eventfd, (unsigned count, int flags), (count, flags), DESCRIPTORS, EMFILE, -1)
WRAP(int, pipe2, (int *ends, int flags), (ends, flags), DESCRIPTORS, EMFILE, -1)

/* ---- interrupted, and short ---- */

WRAP(int, poll, (struct pollfd * polled, nfds_t count, int timeout), (polled, count, timeout),
     INTERRUPTS, EINTR, -1)
WRAP(int, ppoll,
     (struct pollfd * polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask),
     (polled, count, timeout, mask), INTERRUPTS, EINTR, -1)
WRAP(ssize_t, recv, (int file, void *data, size_t size, int flags), (file, data, size, flags),
     INTERRUPTS, EINTR, -1)
WRAP(ssize_t, recvmsg, (int file, struct msghdr *message, int flags), (file, message, flags),
     INTERRUPTS, EINTR, -1)
WRAP(ssize_t, read, (int file, void *data, size_t size), (file, data, size), INTERRUPTS, EINTR, -1)

ssize_t __real_send(int file, const void *data, size_t size, int flags);
ssize_t __wrap_send(int file, const void *data, size_t size, int flags);
ssize_t __wrap_send(int file, const void *data, size_t size, int flags)
{
    if (fails_with(INTERRUPTS, EINTR))
        return -1;
    return __real_send(file, data, size > 1 && fails(SHORT_WRITES) ? 1 : size, flags);
}

ssize_t __real_sendmsg(int file, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int file, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int file, const struct msghdr *message, int flags)
{
    if (fails_with(INTERRUPTS, EINTR))
        return -1;
    if (message->msg_iovlen == 0 || message->msg_iov[0].iov_len < 2 || !fails(SHORT_WRITES))
        return __real_sendmsg(file, message, flags);
    struct iovec first = {message->msg_iov[0].iov_base, 1};
    struct msghdr shorter = *message;
    shorter.msg_iov = &first;
    shorter.msg_iovlen = 1;
    return __real_sendmsg(file, &shorter, flags);
}

/* ---- room in shared memory ---- */

WRAP(int, ftruncate, (int file, off_t size), (file, size), SPACE, ENOSPC, -1)

/* ---- a clock that jumps ---- */

int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    if (fails(CLOCKS))
        atomic_fetch_add(&jumped, JUMP_SECONDS);
    int status = __real_clock_gettime(clock, ret_time);
    ret_time->tv_sec += atomic_load(&jumped);
    return status;
}

/* ---- threads ---- */

typedef struct beginning {
    void *(*run)(void *argument);
    void *argument;
    enum failing_side side;
} beginning;

static void *begin(void *argument)
{
    beginning own = *(beginning *)argument;
    free(argument);
    mine = own.side;
    return own.run(own.argument);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *argument), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *argument), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *argument), void *argument)
{
    if (fails(THREADS))
        return EAGAIN;
    beginning *own = __real_malloc(sizeof *own);
    if (!own)
        return EAGAIN;
    *own = (beginning){run, argument, mine};
    int status = __real_pthread_create(thread, attributes, begin, own);
    if (status != 0)
        free(own);
    return status;
}
