/* fork() beside other threads under AddressSanitizer. Before gcc 15 its allocator has locks that
 * fork copies as they are (LLVM mended it at the end of 2023): a child waits for ever for one that
 * a thread of its parent held. Here nobody is in the allocator while fork copies the process; glibc
 * sees to that for its own. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *memory, size_t size);
void __interceptor_free(void *memory);
char *__interceptor_strdup(const char *text);
char *__interceptor_strndup(const char *text, size_t size);
int __interceptor_posix_memalign(void **ret_memory, size_t alignment, size_t size);
void *__interceptor_aligned_alloc(size_t alignment, size_t size);
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

void *malloc(size_t size)
{
    pthread_rwlock_rdlock(&forks);
    void *memory = __interceptor_malloc(size);
    pthread_rwlock_unlock(&forks);
    return memory;
}

void *calloc(size_t count, size_t size)
{
    pthread_rwlock_rdlock(&forks);
    void *memory = __interceptor_calloc(count, size);
    pthread_rwlock_unlock(&forks);
    return memory;
}

void *realloc(void *memory, size_t size)
{
    pthread_rwlock_rdlock(&forks);
    void *moved = __interceptor_realloc(memory, size);
    pthread_rwlock_unlock(&forks);
    return moved;
}

void free(void *memory)
{
    pthread_rwlock_rdlock(&forks);
    __interceptor_free(memory);
    pthread_rwlock_unlock(&forks);
}

/* These have the allocator's memory without malloc(). */
char *strdup(const char *text)
{
    pthread_rwlock_rdlock(&forks);
    char *copy = __interceptor_strdup(text);
    pthread_rwlock_unlock(&forks);
    return copy;
}

char *strndup(const char *text, size_t size)
{
    pthread_rwlock_rdlock(&forks);
    char *copy = __interceptor_strndup(text, size);
    pthread_rwlock_unlock(&forks);
    return copy;
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
    pthread_rwlock_rdlock(&forks);
    int status = __interceptor_posix_memalign(ret_memory, alignment, size);
    pthread_rwlock_unlock(&forks);
    return status;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    pthread_rwlock_rdlock(&forks);
    void *memory = __interceptor_aligned_alloc(alignment, size);
    pthread_rwlock_unlock(&forks);
    return memory;
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
