#include "memory/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What /proc says of a process or thread. */
typedef struct waldo__status {
    char state;
    long threads;
    uint32_t start;
} waldo__status;

_Atomic uint64_t *waldo__identity_page;
_Thread_local waldo__thread_identity waldo__known_thread __attribute__((tls_model("initial-exec")));

/* Field 2 of the line may hold anything; the others are counted from its last parenthesis. */
static bool parse_status(char *line, waldo__status *ret_status)
{
    char *field = strrchr(line, ')');
    if (!field || field[1] != ' ')
        return false;
    field += 2;
    ret_status->state = *field;
    for (int number = 3; number < 22; ++number) {
        field = strchr(field, ' ');
        if (!field)
            return false;
        ++field;
        if (number + 1 == 20)
            ret_status->threads = strtol(field, NULL, 10);
    }
    ret_status->start = (uint32_t)strtoull(field, NULL, 10);
    return true;
}

static bool read_status(pid_t number, waldo__status *ret_status)
{
    char path[64];
    char line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)number);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t size = read(file, line, sizeof line - 1);
    close(file);
    if (size <= 0)
        return false;
    line[size] = '\0';
    return parse_status(line, ret_status);
}

static waldo__identity make_identity(pid_t number)
{
    waldo__status status = {0};
    /* Without /proc the number has to do. */
    if (!read_status(number, &status))
        status.start = 0;
    return (uint64_t)status.start << 32 | (uint32_t)number;
}

/* Before there are threads: so the pointer never changes under them. */
__attribute__((constructor)) static void find_page(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, size, MADV_WIPEONFORK) < 0)
        munmap(page, size);
    else
        waldo__identity_page = page;
}

waldo__identity waldo__find_process(void)
{
    waldo__identity identity = make_identity(getpid());
    if (waldo__identity_page)
        atomic_store_explicit(waldo__identity_page, identity, memory_order_relaxed);
    return identity;
}

waldo__identity waldo__find_thread(waldo__identity process)
{
    waldo__known_thread.thread = make_identity(gettid());
    waldo__known_thread.process = process;
    return waldo__known_thread.thread;
}

bool waldo__has_died(waldo__identity identity)
{
    pid_t number = (pid_t)(identity & (WALDO__IDENTITY_SPARE_BIT - 1));
    if (number == 0 || (kill(number, 0) < 0 && errno == ESRCH))
        return true;
    waldo__status status = {0};
    if (!read_status(number, &status))
        return false;
    if (status.start != (uint32_t)(identity >> 32) && identity >> 32)
        return true;
    /* A process whose first thread ended shows as a zombie while others go on. */
    return (status.state == 'Z' || status.state == 'X') && status.threads <= 1;
}
