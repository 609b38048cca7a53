/* ucontext, with the words that the sanitizers and valgrind want to hear about it. */
#include "fiber.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WALDO__ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define WALDO__TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WALDO__ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define WALDO__TSAN 1
#endif

#ifdef WALDO__ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef WALDO__TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0u
#define VALGRIND_STACK_DEREGISTER(id) (void)(id)
#endif

/* Virtual; only what is touched costs memory. */
enum { STACK_SIZE = 256 * 1024 };

struct waldo__fiber {
    ucontext_t here;   /* where the function stopped */
    ucontext_t caller; /* who resumed it */
    void (*function)(void *argument);
    void *argument;
    unsigned char *mapping; /* a guard page, then the stack */
    size_t guard;
    unsigned valgrind_id;
    bool finished;
#ifdef WALDO__ASAN
    void *fake_stack; /* of the caller while the fiber runs, of the fiber while it does not */
    const void *caller_bottom;
    size_t caller_size;
#endif
#ifdef WALDO__TSAN
    void *tsan_fiber;
    void *tsan_caller;
#endif
};

/* Called on the stack that is being entered. */
static void entered_fiber(waldo__fiber *fiber)
{
#ifdef WALDO__ASAN
    __sanitizer_finish_switch_fiber(fiber->fake_stack, &fiber->caller_bottom, &fiber->caller_size);
    fiber->fake_stack = NULL;
#else
    (void)fiber;
#endif
}

static void leave_fiber(waldo__fiber *fiber)
{
#ifdef WALDO__ASAN
    /* A finished fiber gives its fake stack up. */
    __sanitizer_start_switch_fiber(fiber->finished ? NULL : &fiber->fake_stack,
                                   fiber->caller_bottom, fiber->caller_size);
#endif
#ifdef WALDO__TSAN
    __tsan_switch_to_fiber(fiber->tsan_caller, 0);
#endif
    swapcontext(&fiber->here, &fiber->caller);
}

/* makecontext passes ints only: a pointer travels in two. */
static void start(unsigned high, unsigned low)
{
    waldo__fiber *fiber = (waldo__fiber *)(((uintptr_t)high << 32) | low);
    entered_fiber(fiber);
    fiber->function(fiber->argument);
    fiber->finished = true;
    leave_fiber(fiber);
}

static bool map_stack(waldo__fiber *fiber)
{
    fiber->guard = (size_t)sysconf(_SC_PAGESIZE);
    void *mapping = mmap(NULL, fiber->guard + STACK_SIZE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapping == MAP_FAILED)
        return false;
    fiber->mapping = mapping;
    if (mprotect(mapping, fiber->guard, PROT_NONE) == 0 && getcontext(&fiber->here) == 0)
        return true;
    munmap(mapping, fiber->guard + STACK_SIZE);
    return false;
}

waldo__fiber *waldo__fiber_new(void (*function)(void *argument), void *argument)
{
    waldo__fiber *fiber = calloc(1, sizeof *fiber);
    if (!fiber || !map_stack(fiber)) {
        free(fiber);
        return NULL;
    }
    fiber->function = function;
    fiber->argument = argument;
    unsigned char *stack = fiber->mapping + fiber->guard;
    fiber->here.uc_stack.ss_sp = stack;
    fiber->here.uc_stack.ss_size = STACK_SIZE;
    fiber->here.uc_link = NULL;
    fiber->valgrind_id = VALGRIND_STACK_REGISTER(stack, stack + STACK_SIZE);
    uintptr_t pointer = (uintptr_t)fiber;
    makecontext(&fiber->here, (void (*)(void))start, 2, (unsigned)(pointer >> 32),
                (unsigned)pointer);
#ifdef WALDO__TSAN
    fiber->tsan_fiber = __tsan_create_fiber(0);
#endif
    return fiber;
}

bool waldo__fiber_resume(waldo__fiber *fiber)
{
#ifdef WALDO__ASAN
    void *own_fake_stack = NULL;
    __sanitizer_start_switch_fiber(&own_fake_stack, fiber->here.uc_stack.ss_sp, STACK_SIZE);
#endif
#ifdef WALDO__TSAN
    fiber->tsan_caller = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber->tsan_fiber, 0);
#endif
    swapcontext(&fiber->caller, &fiber->here);
#ifdef WALDO__ASAN
    __sanitizer_finish_switch_fiber(own_fake_stack, NULL, NULL);
#endif
    return !fiber->finished;
}

void waldo__fiber_suspend(waldo__fiber *fiber)
{
    leave_fiber(fiber);
    entered_fiber(fiber);
}

void waldo__fiber_free(waldo__fiber *fiber)
{
    if (!fiber)
        return;
    VALGRIND_STACK_DEREGISTER(fiber->valgrind_id);
    munmap(fiber->mapping, fiber->guard + STACK_SIZE);
#ifdef WALDO__TSAN
    __tsan_destroy_fiber(fiber->tsan_fiber);
#endif
    free(fiber);
}
