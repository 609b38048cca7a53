#include "round.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_TOKEN = 4096, MAX_FAULTS = 3, LATEST_FAULT_MS = 60 };

/* ---- clients ---- */

static void open_journal(arena *one, client *of, int number)
{
    snprintf(of->journal_path, sizeof of->journal_path, "%s/journal-%d", one->host->directory,
             number);
    int file = open(of->journal_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert(file >= 0 && ftruncate(file, sizeof(journal)) == 0);
    void *mapped = mmap(NULL, sizeof(journal), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    cr_assert_neq(mapped, MAP_FAILED);
    of->journal = mapped;
}

void arena_begin(arena *one, server *host, const char *url)
{
    *one = (arena){.host = host};
    signal(SIGPIPE, SIG_IGN);
    one->network = relay_start(url);
    one->may_damage = strncmp(url, "ipc", 3) != 0;
    one->manager = connect_to(host, host->urls[0]);
    for (int i = 0; i < CLIENTS; i++)
        open_journal(one, &one->clients[i], i);
}

static void tell(const client *one, const char *text)
{
    /* One that has ended is heard of by its output. */
    ssize_t size = (ssize_t)strlen(text);
    cr_assert(write(one->process.input, text, (size_t)size) == size || errno == EPIPE);
}

void arena_end(arena *one)
{
    for (int i = 0; i < CLIENTS; i++) {
        client *of = &one->clients[i];
        if (of->process.pid)
            end_with(&of->process, SIGKILL);
        munmap(of->journal, sizeof *of->journal);
        unlink(of->journal_path);
    }
    waldo_manager_unref(one->manager);
    relay_free(one->network);
}

static void start_client(arena *one, client *of)
{
    const char *arguments[] = {LINEARIZABILITY_WORKER, relay_url(one->network), one->host->key_file,
                               NULL};
    of->process = spawn(arguments, false);
}

/* It has ended by itself, because its session was given up. */
static void bury(arena *one, client *of)
{
    int status = await_end(&of->process);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3, "a client ended with %#x", status);
    one->gone++;
}

/* What a client says; false: it has ended. */
static bool hear(arena *one, client *of)
{
    char line[64];
    if (!read_line(of->process.output, line, sizeof line)) {
        bury(one, of);
        return false;
    }
    if (strcmp(line, "ready") == 0)
        of->is_ready = true;
    else if (strcmp(line, "done") == 0)
        of->is_done = true;
    return true;
}

/* ---- the beginning of a round ---- */

static void make_subjects(arena *one, waldo_value **values)
{
    for (int i = 0; i < SUBJECTS; i++) {
        OK(subject_create(one->manager, one->kinds[i], &one->subjects[i], &error));
        OK(subject_to_value(&one->subjects[i], &values[i], &error));
    }
}

/* For one client: its Lock, and all objects. */
static void write_token(const client *of, waldo_value *const *values, char *token)
{
    waldo_value *all[1 + SUBJECTS];
    OK(waldo_proxy_to_value(waldo_lock_proxy(of->life), &all[0], &error));
    for (int i = 0; i < SUBJECTS; i++)
        all[1 + i] = waldo_value_ref(values[i]);
    waldo_value *packed = waldo_v_list_of(all, 1 + SUBJECTS);
    uint8_t *data = NULL;
    size_t size = 0;
    OK(waldo_value_pack(packed, &data, &size, &error));
    waldo_value_unref(packed);
    cr_assert_lt(2 * size, MAX_TOKEN);
    for (size_t i = 0; i < size; i++)
        snprintf(token + 2 * i, 3, "%02x", data[i]);
    free(data);
}

static void send_task(arena *one, client *of, waldo_value *const *values, unsigned calls,
                      unsigned threads)
{
    char token[MAX_TOKEN], line[MAX_TOKEN + 512];
    write_token(of, values, token);
    int length = snprintf(line, sizeof line, "round %u %u %u %u %s %s", pick(&one->by, 1u << 31),
                          of->session, calls, threads, of->journal_path, token);
    for (int i = 0; i < SUBJECTS; i++)
        length += snprintf(line + length, sizeof line - (size_t)length, " %d", (int)one->kinds[i]);
    snprintf(line + length, sizeof line - (size_t)length, "\n");
    tell(of, line);
}

/* Starts those that are missing, until all have begun. */
static void prepare_clients(arena *one, unsigned calls, unsigned threads)
{
    waldo_value *values[SUBJECTS];
    make_subjects(one, values);
    for (int i = 0; i < CLIENTS; i++) {
        client *of = &one->clients[i];
        memset(of->journal, 0, sizeof *of->journal);
        OK(waldo_lock_new(one->manager, &of->life, &error));
        of->session = (unsigned)i + 1;
        of->is_ready = of->is_done = false;
        if (!of->process.pid)
            start_client(one, of);
        send_task(one, of, values, calls, threads);
    }
    for (int i = 0; i < CLIENTS; i++)
        while (!one->clients[i].is_ready && hear(one, &one->clients[i]))
            continue;
    for (int i = 0; i < SUBJECTS; i++)
        waldo_value_unref(values[i]);
}

/* ---- in the middle ---- */

static bool is_working(const client *of)
{
    return of->process.pid && !of->is_done;
}

/* Hears all clients until that time. false: nobody works any more. */
static bool hear_until(arena *one, double when)
{
    for (;;) {
        struct pollfd polled[CLIENTS];
        bool works = false;
        for (int i = 0; i < CLIENTS; i++) {
            bool listens = is_working(&one->clients[i]);
            works = works || listens;
            polled[i] = (struct pollfd){.fd = listens ? one->clients[i].process.output : -1,
                                        .events = POLLIN};
        }
        double left = when - now();
        if (!works || left <= 0)
            return works;
        if (poll(polled, CLIENTS, (int)(left * 1000) + 1) <= 0)
            continue;
        for (int i = 0; i < CLIENTS; i++)
            if (polled[i].revents)
                (void)hear(one, &one->clients[i]);
    }
}

/* For people: what those do that do not come to their end. */
static void report_the_stuck(const arena *one)
{
    for (int i = 0; i < CLIENTS; i++) {
        const client *of = &one->clients[i];
        for (unsigned j = 0; is_working(of) && j < JOURNAL_CALLS; j++) {
            char line[256];
            if (atomic_load(&of->journal->calls[j].stage) != CALL_STARTED)
                continue;
            describe_operation(&of->journal->calls[j].started, line, sizeof line);
            fprintf(stderr, "process %d: %s\n", (int)of->process.pid, line);
        }
    }
}

static void work(arena *one, bool faults)
{
    double start = now();
    for (int i = 0; i < CLIENTS; i++)
        if (one->clients[i].process.pid)
            tell(&one->clients[i], "go\n");
    unsigned count = faults ? pick(&one->by, MAX_FAULTS + 1) : 0;
    unsigned when = 0;
    for (unsigned i = 0; i < count; i++) {
        when += pick(&one->by, LATEST_FAULT_MS / count);
        if (!hear_until(one, start + when / 1000.0))
            break;
        do_fault(one);
    }
    end_faults(one);
    if (hear_until(one, start + PATIENCE)) {
        report_the_stuck(one);
        cr_assert_fail("a client does not come to its end");
    }
}

/* ---- the end ---- */

static void add_call(arena *one, const operation *call)
{
    cr_assert_lt(one->count, MAX_CALLS);
    one->calls[one->count++] = *call;
}

/* When the session began its last call that was answered: it lived then. */
static uint64_t last_life(const arena *one, const client *of)
{
    uint64_t last = one->began;
    for (unsigned i = 0; i < JOURNAL_CALLS; i++) {
        const journal_call *entry = &of->journal->calls[i];
        if (atomic_load(&entry->stage) == CALL_ENDED && entry->ended.from > last)
            last = entry->ended.from;
    }
    return last;
}

static void add_end(arena *one, const client *of, uint64_t to, bool said_goodbye)
{
    operation end = {.kind = SESSION_ENDS,
                     .session = (uint8_t)of->session,
                     .from = last_life(one, of),
                     .to = to};
    end.arguments[0] = said_goodbye;
    add_call(one, &end);
}

/* Whether the client's session has ended, within so many seconds. Then the client is ended, too,
 * and its session's end is a call that was over at `to`. */
static bool ends_within(arena *one, client *of, double seconds, bool said_goodbye, bool is_over)
{
    waldo_error error = WALDO_ERROR_INIT;
    int status = waldo_lock_acquire(of->life, seconds, &error);
    cr_assert_geq(status, 0, "%s", error.message);
    if (status == 0)
        return false;
    add_end(one, of, is_over ? time_now() : NEVER, said_goodbye);
    if (of->process.pid) {
        end_with(&of->process, SIGKILL);
        one->gone++;
    }
    return true;
}

static void find_ends(arena *one, bool *ended)
{
    for (int i = 0; i < CLIENTS; i++) {
        client *of = &one->clients[i];
        bool leaves = of->process.pid && pick(&one->by, 8) == 0;
        if (leaves) {
            tell(of, "leave\n");
            int status = await_end(&of->process);
            leaves = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
        ended[i] = ends_within(one, of, of->process.pid ? 0 : PATIENCE, leaves, true);
        cr_assert(ended[i] || of->process.pid, "the session of a dead client does not end");
    }
}

static void collect(arena *one)
{
    for (int i = 0; i < CLIENTS; i++) {
        for (unsigned j = 0; j < JOURNAL_CALLS; j++) {
            const journal_call *entry = &one->clients[i].journal->calls[j];
            int stage = atomic_load(&entry->stage);
            if (stage == CALL_ENDED)
                add_call(one, &entry->ended);
            else if (stage == CALL_STARTED)
                add_call(one, &entry->started);
        }
    }
}

static void finish(arena *one)
{
    bool ended[CLIENTS];
    find_ends(one, ended);
    observe(one);
    for (int i = 0; i < CLIENTS; i++) {
        client *of = &one->clients[i];
        if (!ended[i])
            (void)ends_within(one, of, 0, false, false);
        of->life = waldo_lock_unref(of->life);
    }
    for (int i = 0; i < SUBJECTS; i++)
        subject_close(&one->subjects[i]);
    collect(one);
}

void run_round(arena *one, uint64_t seed, unsigned calls, unsigned threads, bool faults)
{
    one->by = (chance){seed};
    one->count = 0;
    one->began = time_now();
    prepare_clients(one, calls, threads);
    work(one, faults);
    finish(one);
    check_round(one, seed);
}
