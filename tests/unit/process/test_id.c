#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "process/id.h"

/* fork() would run the handlers of pthread_atfork. */
static pid_t fork_without_handlers(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

Test(id, a_child_has_its_own)
{
    cr_assert_eq(waldo__process_id(), getpid());
    cr_assert_eq(waldo__process_id(), getpid());
    pid_t (*const ways[])(void) = {fork, fork_without_handlers};
    for (int i = 0; i < 2; i++) {
        pid_t child = ways[i]();
        if (child == 0)
            _exit(waldo__process_id() != (pid_t)syscall(SYS_getpid));
        int status;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0);
    }
}
