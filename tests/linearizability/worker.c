/* A client that does what chance says, to be killed: worker URL KEY-FILE. It reads what to do from
 * its standard input:
 *
 *     round SEED SESSION CALLS THREADS JOURNAL TOKEN KIND...
 *                        the token is a packed list: a Lock, which it acquires and keeps, and an
 *                        object of each of the kinds. It answers "ready" when it has them all
 *     go                 makes so many calls with each thread, then answers "done"
 *     leave              says goodbye to the server, and ends
 *
 * It ends with 3 if the server has given up its session, and with 4 after any other error. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "choose.h"
#include "journal.h"

enum { MAX_SUBJECTS = 8, MOST_IN_BATCH = 3, MAX_THREADS = 2, LINE = 8192, GONE = 3, FAILED = 4 };

typedef struct task {
    uint64_t seed;
    unsigned session, calls, threads;
    journal *journal;
    waldo_lock *life;
    subject subjects[MAX_SUBJECTS];
    size_t count;
} task;

typedef struct thread {
    pthread_t id;
    task *task;
    unsigned number; /* from 1 */
} thread;

static waldo_error error = WALDO_ERROR_INIT;
static waldo_manager *manager;

static void check(int status)
{
    if (status >= 0)
        return;
    if (status == WALDO_EGONE || status == WALDO_EUNKNOWNOUTCOME || status == WALDO_ETIMEOUT ||
        status == WALDO_EAUTHENTICATION || status == WALDO_EPROTOCOL || status == WALDO_ETOOBIG)
        _exit(GONE);
    waldo_error_print(&error, stderr);
    _exit(FAILED);
}

/* From the thread that noticed. */
static void on_gone(waldo_manager *from, const waldo_error *reason, void *unused)
{
    (void)from;
    (void)reason;
    (void)unused;
    _exit(GONE);
}

/* ---- calls ---- */

static journal_call *write_start(task *one, operation *what)
{
    unsigned place = atomic_fetch_add(&one->journal->count, 1);
    if (place >= JOURNAL_CALLS)
        _exit(FAILED);
    journal_call *entry = &one->journal->calls[place];
    what->from = time_now();
    entry->started = *what;
    atomic_store(&entry->stage, CALL_STARTED);
    return entry;
}

static void write_end(journal_call *entry, const operation *what)
{
    if (what->is_unknown)
        _exit(GONE);
    entry->ended = *what;
    atomic_store(&entry->stage, CALL_ENDED);
}

/* Writes down what begins, does it, and writes down what came of it. */
static void do_call(task *one, operation *what)
{
    journal_call *entry = write_start(one, what);
    perform(&one->subjects[what->object], what);
    write_end(entry, what);
}

static void do_batch(task *one, operation *what, size_t count)
{
    journal_call *entries[MOST_IN_BATCH];
    const subject *of[MOST_IN_BATCH];
    for (size_t i = 0; i < count; i++) {
        of[i] = &one->subjects[what[i].object];
        entries[i] = write_start(one, &what[i]);
    }
    perform_batch(manager, of, what, count);
    for (size_t i = 0; i < count; i++)
        write_end(entries[i], &what[i]);
}

static operation new_call(const thread *self, size_t object)
{
    return (operation){.session = (uint8_t)self->task->session,
                       .thread = (uint8_t)self->number,
                       .object = (uint8_t)object,
                       .is_unknown = true,
                       .to = NEVER};
}

/* Others that wait for a condition cannot go on without its lock. */
static void release_conditions(const thread *self)
{
    task *one = self->task;
    for (size_t i = 0; i < one->count; i++) {
        const subject *condition = &one->subjects[i];
        while (condition->kind == SUBJECT_CONDITION && condition->held[self->number - 1] > 0) {
            operation what = new_call(self, i);
            what.kind = LOCK_RELEASE;
            do_call(one, &what);
        }
    }
}

static operation choose_call(const thread *self, chance *by, numbers *own)
{
    operation what = new_call(self, pick(by, (unsigned)self->task->count));
    choose(by, &self->task->subjects[what.object], own, &what);
    return what;
}

/* Further calls that the batch of the first may have, each on another object. How many it has. */
static size_t fill_batch(const thread *self, chance *by, numbers *own, operation *what)
{
    size_t count = 1;
    bool has[MAX_SUBJECTS] = {false};
    if (!may_be_in_batch(&self->task->subjects[what[0].object], &what[0]))
        return 0;
    has[what[0].object] = true;
    for (int tries = 0; tries < MAX_SUBJECTS && count < MOST_IN_BATCH; tries++) {
        operation next = choose_call(self, by, own);
        if (has[next.object] || !may_be_in_batch(&self->task->subjects[next.object], &next))
            continue;
        has[next.object] = true;
        what[count++] = next;
    }
    return count;
}

static void *work(void *argument)
{
    const thread *self = argument;
    task *one = self->task;
    chance by = {one->seed * 2 + self->number};
    numbers own = {.next_item = (int64_t)(one->session * MAX_THREADS + self->number) * 1000};
    for (unsigned i = 0; i < one->calls;) {
        operation what[MOST_IN_BATCH] = {choose_call(self, &by, &own)};
        size_t in_batch = pick(&by, 3) == 0 ? fill_batch(self, &by, &own, what) : 0;
        if (in_batch > 0) {
            do_batch(one, what, in_batch);
            i += (unsigned)in_batch;
            continue;
        }
        do_call(one, &what[0]);
        learn(&what[0], &own);
        i++;
    }
    release_conditions(self);
    return NULL;
}

static void go(task *one)
{
    thread threads[MAX_THREADS];
    for (unsigned i = 0; i < one->threads; i++) {
        threads[i] = (thread){.task = one, .number = i + 1};
        if (pthread_create(&threads[i].id, NULL, work, &threads[i]) != 0)
            _exit(FAILED);
    }
    for (unsigned i = 0; i < one->threads; i++)
        pthread_join(threads[i].id, NULL);
}

/* ---- tasks ---- */

static void end_task(task *one)
{
    for (size_t i = 0; i < one->count; i++)
        subject_close(&one->subjects[i]);
    waldo_lock_unref(one->life);
    if (one->journal)
        munmap(one->journal, sizeof *one->journal);
    *one = (task){0};
}

static journal *open_journal(const char *path)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    void *mapped = mmap(NULL, sizeof(journal), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED)
        _exit(FAILED);
    return mapped;
}

static waldo_value *read_token(const char *token)
{
    static uint8_t data[LINE / 2];
    size_t size = strlen(token) / 2;
    for (size_t i = 0; i < size; i++) {
        char digits[] = {token[2 * i], token[2 * i + 1], '\0'};
        data[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    waldo_value *all = NULL;
    check(waldo_value_unpack(data, size, &all, &error));
    return all;
}

static void open_life(task *one, const waldo_value *value)
{
    waldo_proxy *proxy = NULL;
    check(waldo_proxy_from_value(manager, value, &proxy, &error));
    check(waldo_lock_from_proxy(proxy, &one->life, &error));
    waldo_proxy_unref(proxy);
    int status = waldo_lock_acquire(one->life, 0, &error);
    check(status);
    if (status == 0)
        _exit(FAILED);
}

static void open_subjects(task *one, const char *token, char *kinds)
{
    waldo_value *all = read_token(token), *value = NULL;
    check(waldo_value_item(all, 0, &value, &error));
    open_life(one, value);
    waldo_value_unref(value);
    char *rest = NULL;
    for (char *kind = strtok_r(kinds, " \n", &rest); kind; kind = strtok_r(NULL, " \n", &rest)) {
        check(waldo_value_item(all, (int64_t)one->count + 1, &value, &error));
        check(subject_open(manager, (enum subject_kind)atoi(kind), value,
                           &one->subjects[one->count], &error));
        waldo_value_unref(value);
        one->count++;
    }
    waldo_value_unref(all);
}

static void begin_task(task *one, const char *line)
{
    static char path[256], token[LINE];
    int kinds = 0;
    unsigned long long seed;
    end_task(one);
    if (sscanf(line, "round %llu %u %u %u %255s %8191s %n", &seed, &one->session, &one->calls,
               &one->threads, path, token, &kinds) != 6 ||
        one->threads > MAX_THREADS)
        _exit(FAILED);
    one->seed = seed;
    one->journal = open_journal(path);
    char *copy = strdup(line + kinds);
    open_subjects(one, token, copy);
    free(copy);
}

int main(int argc, char **argv)
{
    static char line[LINE];
    static task one;
    if (argc != 3)
        return 2;
    waldo_manager_options options = {.authkey_file = argv[2], .call_timeout = 30};
    check(waldo_connect(argv[1], &options, &manager, &error));
    waldo_manager_on_gone(manager, on_gone, NULL);
    while (fgets(line, sizeof line, stdin) && strncmp(line, "leave", 5) != 0) {
        bool begins = strncmp(line, "round", 5) == 0;
        if (begins)
            begin_task(&one, line);
        else
            go(&one);
        puts(begins ? "ready" : "done");
        fflush(stdout);
    }
    /* What it holds is given back by the goodbye. */
    waldo_manager_on_gone(manager, NULL, NULL);
    end_task(&one);
    waldo_manager_unref(manager);
    return 0;
}
