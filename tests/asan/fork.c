/* fork() beside other threads under AddressSanitizer. Before gcc 15 its allocator has locks that
 * fork copies as they are (LLVM mended it at the end of 2023): a child waits for ever for one that
 * a thread of its parent held. Here nobody is in the allocator while fork copies the process; glibc
 * sees to that for its own. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

static const pthread_rwlock_t nobody = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_rwlock_t forks; /* read by those who allocate, written by those who fork */

static void before_fork(void)
{
    pthread_rwlock_wrlock(&forks);
}

static void in_parent(void)
{
    pthread_rwlock_unlock(&forks);
}

static void in_child(void)
{
    forks = nobody;
}

static void look_after_forks(void)
{
    forks = nobody;
    pthread_atfork(before_fork, in_parent, in_child);
}

/* Registered before the handlers of all libraries, whose turn before a fork thus comes earlier:
 * they wait for threads that allocate. */
__attribute__((section(".preinit_array"),
               used)) static void (*const first)(void) = look_after_forks;

/* All that AddressSanitizer has in place of libc's and that the libraries here use. */
#define WRAP(type, name, parameters, arguments)                                                    \
    type __interceptor_##name parameters;                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        pthread_rwlock_rdlock(&forks);                                                             \
        type result = __interceptor_##name arguments;                                              \
        pthread_rwlock_unlock(&forks);                                                             \
        return result;                                                                             \
    }

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *memory, size_t size), (memory, size))
WRAP(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
WRAP(int, posix_memalign, (void **ret_memory, size_t alignment, size_t size),
     (ret_memory, alignment, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t size), (text, size))

void __interceptor_free(void *memory);

void free(void *memory)
{
    pthread_rwlock_rdlock(&forks);
    __interceptor_free(memory);
    pthread_rwlock_unlock(&forks);
}

/* The dynamic linker keeps memory that LeakSanitizer passes over where the linker itself calls its
 * malloc(). */
const char *__lsan_default_suppressions(void)
{
    return "leak:ld-linux";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}
