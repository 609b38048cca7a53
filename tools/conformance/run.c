#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inprocess.h"

volatile sig_atomic_t run_interrupted;

enum { MAX_REPORTS = 1 << 14 };

bool run_matches(const row_entry *entry, const char *pattern)
{
    char id[16] = "";
    size_t length = strcspn(entry->name, "_");
    if (length < sizeof id)
        memcpy(id, entry->name, length);
    return !pattern || fnmatch(pattern, entry->name, 0) == 0 || fnmatch(pattern, id, 0) == 0;
}

/* ---- in the row's process ---- */

static void be_row(const row_entry *entry)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (row_over_inproc())
        (void)inprocess_start(row_set.url);
    row_take_inventory();
    row_check_needs(entry->needs);
    entry->run();
    row_drop_manager();
    row_check_inventory();
    if (row_over_inproc())
        inprocess_stop();
    row_report(REPORT_PASS, "");
    exit(0); /* here LeakSanitizer speaks */
}

/* ---- in the program's ---- */

/* Ends the row's process, if it has not ended, and all that it started. */
static int await_end(pid_t pid, double seconds, bool *ret_late)
{
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = {.fd = handle, .events = POLLIN};
    int status;
    do
        status = poll(&ended, 1, (int)(seconds * 1000));
    while (status < 0 && errno == EINTR && !run_interrupted);
    close(handle);
    *ret_late = status <= 0;
    kill(-pid, SIGKILL);
    waitpid(pid, &status, 0);
    return status;
}

/* The first failure, or else the last report. */
static const char *judge(const char *reports, size_t size, int status, bool late, char *text,
                         size_t text_size)
{
    const char *verdict = NULL;
    for (size_t i = 0; i < size; i += strlen(reports + i) + 1) {
        verdict = reports + i;
        if (verdict[0] == REPORT_FAIL)
            return verdict;
    }
    if (late)
        snprintf(text, text_size, run_interrupted ? "Finterrupted" : "Fdoes not end");
    else if (WIFSIGNALED(status))
        snprintf(text, text_size, "Fdied: %s", strsignal(WTERMSIG(status)));
    else if (status != 0 || !verdict)
        snprintf(text, text_size, "Fended with exit code %d", WEXITSTATUS(status));
    return text[0] ? text : verdict;
}

static void print_verdict(const row_entry *entry, const char *verdict, double seconds,
                          run_totals *totals)
{
    switch (verdict[0]) {
    case REPORT_PASS:
        totals->passed++;
        printf("pass %s (%.2f s)\n", entry->name, seconds);
        break;
    case REPORT_SKIP:
        totals->skipped++;
        printf("skip %s: %s\n", entry->name, verdict + 1);
        break;
    default:
        totals->failed++;
        printf("FAIL %s: %s\n", entry->name, verdict + 1);
    }
    fflush(stdout);
}

void run_row(const row_entry *entry, double seconds, run_totals *totals)
{
    int ends[2];
    char text[128] = "", reports[MAX_REPORTS + 1] = "";
    double start = row_now();
    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
        print_verdict(entry, "Fno pipe", 0, totals);
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        row_set.report = ends[1];
        be_row(entry);
    }
    close(ends[1]);
    if (pid < 0) {
        print_verdict(entry, "Fno process", 0, totals);
    } else {
        bool late = false;
        (void)setpgid(pid, pid);
        int status = await_end(pid, seconds, &late);
        ssize_t size = read(ends[0], reports, MAX_REPORTS);
        const char *verdict =
            judge(reports, size > 0 ? (size_t)size : 0, status, late, text, sizeof text);
        print_verdict(entry, verdict, row_now() - start, totals);
    }
    close(ends[0]);
}
