/* A server dies: in every phase of a call, and again and again under load. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay.h"
#include "support.h"

static server host;
static relay *network;
static waldo_manager *manager;
static char journal[128];
static _Atomic int gone_count;

static void on_gone(waldo_manager *whose, const waldo_error *reason, void *data)
{
    (void)whose;
    (void)data;
    if (reason->code == WALDO_EGONE || reason->code == WALDO_EUNKNOWNOUTCOME)
        gone_count++;
}

static const char *const short_times[] = {"--lease", "1", "--grace", "0.3", NULL};

static void set_up(void)
{
    start_server(&host, short_times);
    network = relay_start(host.urls[0]);
    manager = connect_to(&host, relay_url(network));
    waldo_manager_on_gone(manager, on_gone, NULL);
    snprintf(journal, sizeof journal, "%s/journal", host.directory);
}

static void tear_down(void)
{
    waldo_manager_unref(manager);
    relay_free(network);
    stop_server(&host);
}

TestSuite(servers, .init = set_up, .fini = tear_down);

/* ---- in each phase ---- */

static faults_register *new_register(void)
{
    faults_register *reg = NULL;
    Faults__Start start = FAULTS__START__INIT;
    start.journal = journal;
    OK(faults_register_new(manager, &start, &reg, &error));
    return reg;
}

/* How often the number was added, in all lives of the server. */
static int times_run(long long n)
{
    int count = 0;
    long long line;
    FILE *file = fopen(journal, "re");
    while (file && fscanf(file, "%lld", &line) == 1)
        count += line == n;
    if (file)
        fclose(file);
    return count;
}

typedef struct later {
    pthread_t thread;
    faults_register *reg;
    bool parks;
    int status;
    waldo_error error;
    _Atomic bool done;
} later;

static void *run(void *argument)
{
    later *call = argument;
    call->status = call->parks ? register_add_later(call->reg, 1, NULL, &call->error)
                               : register_add(call->reg, 1, NULL, &call->error);
    call->done = true;
    return NULL;
}

static void begin(later *call, bool parks)
{
    *call = (later){.reg = new_register(), .parks = parks};
    cr_assert_eq(pthread_create(&call->thread, NULL, run, call), 0);
}

static bool is_gone(int status)
{
    return status == WALDO_EGONE || status == WALDO_EUNKNOWNOUTCOME;
}

/* The call ends with an error that says so, it ran once or not at all, and a new object works. */
static void expect_gone(later *call, int most)
{
    AWAIT(call->done);
    pthread_join(call->thread, NULL);
    cr_assert(is_gone(call->status), "%s %s", waldo_error_name(call->status), call->error.message);
    cr_assert_leq(times_run(1), most);
    faults_register_unref(call->reg);
    faults_register *reg = new_register();
    OK(register_add(reg, 2, NULL, &error));
    cr_assert_eq(times_run(2), 1);
    faults_register_unref(reg);
    cr_assert_eq(gone_count, 1);
}

Test(servers, restarted_between_calls)
{
    faults_register *reg = new_register();
    OK(register_add(reg, 1, NULL, &error));
    kill_server(&host);
    restart_server(&host);
    waldo_error reason = WALDO_ERROR_INIT;
    int status = register_add(reg, 1, NULL, &reason);
    cr_assert(is_gone(status) || status == WALDO_EKEY, "%s", reason.message);
    cr_assert_eq(times_run(1), 1);
    faults_register_unref(reg);
    reg = new_register();
    OK(register_add(reg, 2, NULL, &error));
    faults_register_unref(reg);
    cr_assert_eq(gone_count, 1);
}

Test(servers, a_transaction_on_an_object_of_an_earlier_life)
{
    waldo_error reason = WALDO_ERROR_INIT;
    waldo_dict *stale = NULL, *fresh = NULL;
    waldo_transaction *transaction;
    OK(waldo_dict_new(manager, &stale, &error));
    kill_server(&host);
    restart_server(&host);
    AWAIT(waldo_dict_new(manager, &fresh, NULL) >= 0);
    OK(waldo_transaction_new(manager, &transaction, &error));
    OK(waldo_transaction_add(transaction, waldo_dict_proxy(stale), "clear", waldo_v_none(),
                             &error));
    cr_assert_eq(waldo_transaction_commit(transaction, NULL, &reason), WALDO_EKEY);
    cr_assert(strstr(reason.message, "belonged to an earlier life of the server"), "%s",
              reason.message);
    waldo_transaction_unref(transaction);
    waldo_dict_unref(fresh);
    waldo_dict_unref(stale);
}

typedef struct question {
    waldo_manager *asked;
    uint64_t count;
    int status;
    waldo_error error;
    _Atomic bool done;
} question;

static void *ask(void *argument)
{
    question *one = argument;
    one->status = waldo_manager_number_of_objects(one->asked, &one->count, &one->error);
    one->done = true;
    return NULL;
}

/* What changes nothing is asked again, and the server that is there now answers. */
Test(servers, restarted_while_a_question_is_on_its_way)
{
    server patient;
    pthread_t thread;
    start_server(&patient, NULL);
    relay *wire = relay_start(patient.urls[0]);
    question one = {.asked = connect_to(&patient, relay_url(wire)), .count = 99};
    faults_register *reg = get_register(one.asked, "");
    relay_stall(wire, TO_SERVER, 1);
    relay_stall(wire, TO_CLIENT, 1);
    cr_assert_eq(pthread_create(&thread, NULL, ask, &one), 0);
    AWAIT(relay_holds_back(wire, TO_SERVER));
    kill_server(&patient);
    restart_server(&patient);
    relay_cut(wire);
    relay_stall(wire, TO_SERVER, 0);
    relay_stall(wire, TO_CLIENT, 0);
    AWAIT(one.done);
    pthread_join(thread, NULL);
    cr_assert_eq(one.status, 0, "%s", one.error.message);
    cr_assert_eq(one.count, 0);
    faults_register_unref(reg);
    waldo_manager_unref(one.asked);
    relay_free(wire);
    stop_server(&patient);
}

Test(servers, restarted_while_the_request_is_on_its_way)
{
    later call;
    faults_register_unref(new_register()); /* its type is known */
    begin(&call, true);
    AWAIT(times_run(1) == 1);
    faults_register *reg = call.reg;
    later second = {.reg = reg};
    relay_allow(network, TO_SERVER, 20);
    cr_assert_eq(pthread_create(&second.thread, NULL, run, &second), 0);
    AWAIT(relay_holds_back(network, TO_SERVER));
    kill_server(&host);
    restart_server(&host);
    relay_cut(network);
    relay_allow(network, TO_SERVER, SIZE_MAX);
    AWAIT(second.done);
    pthread_join(second.thread, NULL);
    cr_assert(is_gone(second.status) || second.status == WALDO_EKEY, "%s", second.error.message);
    expect_gone(&call, 1);
}

Test(servers, restarted_while_the_call_is_parked)
{
    later call;
    begin(&call, true);
    AWAIT(times_run(1) == 1);
    kill_server(&host);
    restart_server(&host);
    expect_gone(&call, 1);
}

Test(servers, restarted_while_the_reply_is_on_its_way)
{
    later call = {.reg = new_register()};
    relay_stall(network, TO_CLIENT, 1);
    cr_assert_eq(pthread_create(&call.thread, NULL, run, &call), 0);
    AWAIT(times_run(1) == 1 && relay_holds_back(network, TO_CLIENT));
    kill_server(&host);
    restart_server(&host);
    relay_cut(network);
    relay_stall(network, TO_CLIENT, 0);
    expect_gone(&call, 1);
}

Test(servers, restarted_while_the_connection_is_made_anew)
{
    later call;
    begin(&call, true);
    AWAIT(times_run(1) == 1);
    relay_allow(network, TO_SERVER, 100);
    relay_cut(network);
    AWAIT(relay_holds_back(network, TO_SERVER));
    kill_server(&host);
    restart_server(&host);
    relay_cut(network);
    relay_allow(network, TO_SERVER, SIZE_MAX);
    expect_gone(&call, 1);
}

/* Nobody comes back: one error, soon, and one notice. */
Test(servers, killed_for_good)
{
    later call;
    waldo_manager *other = connect_to(&host, host.urls[1]);
    faults_register *idle = get_register(other, "");
    begin(&call, true);
    AWAIT(times_run(1) == 1);
    kill_server(&host);
    AWAIT(call.done);
    pthread_join(call.thread, NULL);
    cr_assert(is_gone(call.status), "%s", call.error.message);
    FAILS(WALDO_EGONE, register_add(call.reg, 1, NULL, &error));
    FAILS(WALDO_EGONE, register_add(idle, 1, NULL, &error));
    cr_assert_eq(gone_count, 1);
    faults_register_unref(idle);
    faults_register_unref(call.reg);
    waldo_manager_unref(other);
    restart_server(&host);
}

/* Without a call that would notice it. */
Test(servers, the_heartbeat_notices)
{
    waldo_manager *other = connect_to(&host, host.urls[1]);
    waldo_manager_on_gone(other, on_gone, NULL);
    for (int death = 1; death <= 3; death++) {
        kill_server(&host);
        AWAIT(gone_count == 2 * death);
        restart_server(&host);
        OK(waldo_manager_ping(other, &error));
        OK(waldo_manager_ping(manager, &error));
        cr_assert_eq(gone_count, 2 * death);
    }
    waldo_manager_unref(other);
}

/* Time in which the server did nothing is not its clients' silence. */
Test(servers, stopped_for_longer_than_the_lease)
{
    faults_lock *lock = get_lock(manager, "l");
    OK(lock_acquire(lock, NULL, NULL, &error));
    for (int i = 0; i < 3; i++) {
        stop(&host.process);
        for (double until = now() + 1.3 + 0.2 * i; now() < until;)
            pause_ms(50);
        kill(host.process.pid, SIGCONT);
        AWAIT(waldo_manager_ping(manager, NULL) >= 0);
    }
    OK(faults_lock_release(lock, &error));
    faults_lock_unref(lock);
}

/* ---- twenty deaths under load ---- */

enum { DEATHS = 20, CLIENTS = 4, NUMBERS = 100000 };

typedef struct worker {
    process process;
    char argument[160];
    char log[192];
    int gone;
    int ok; /* since it was told of the last death */
} worker;

static unsigned char said_ok[CLIENTS * NUMBERS], was_run[CLIENTS * NUMBERS];

/* One line of a worker's log: what became of one call. */
static void judge(worker *one, const char *line)
{
    char word[64], next[64];
    double seconds = 0;
    int count = sscanf(line, "%63s %63s %lf", word, next, &seconds);
    cr_assert_lt(seconds, PATIENCE, "%s", line);
    if (strcmp(word, "gone") == 0) {
        one->gone++;
        one->ok = 0;
    } else if (strcmp(word, "ok") == 0 && count == 3) {
        one->ok++;
        cr_assert_lt(atoi(next), CLIENTS * NUMBERS);
        said_ok[atoi(next)] = 1;
    } else {
        const char *code = strcmp(word, "new") == 0 ? next : word;
        cr_assert(strcmp(code, "WALDO_EGONE") == 0 || strcmp(code, "WALDO_EUNKNOWNOUTCOME") == 0 ||
                      strcmp(code, "WALDO_EKEY") == 0,
                  "%s", line);
    }
}

static void read_log(worker *one)
{
    char line[256];
    one->ok = one->gone = 0;
    FILE *file = fopen(one->log, "re");
    while (file && fgets(line, sizeof line, file))
        if (strchr(line, '\n')) /* the last one may be half written */
            judge(one, line);
    if (file)
        fclose(file);
}

/* Each of them has been told of so many deaths, and has had a reply since the last one. */
static bool all_go_on(worker *workers, int deaths)
{
    bool all = true;
    for (int i = 0; i < CLIENTS; i++) {
        read_log(&workers[i]);
        all = all && workers[i].gone >= deaths && workers[i].ok > 0;
    }
    return all;
}

static void kill_and_restart(worker *workers, int deaths, unsigned *seed)
{
    struct timespec moment = {.tv_nsec = rand_r(seed) % 20000000};
    nanosleep(&moment, NULL);
    kill_server(&host);
    moment.tv_nsec = rand_r(seed) % 50000000;
    nanosleep(&moment, NULL);
    restart_server(&host);
    AWAIT(all_go_on(workers, deaths));
}

static void compare_with_journal(void)
{
    long long n;
    FILE *file = fopen(journal, "re");
    cr_assert(file);
    while (fscanf(file, "%lld", &n) == 1) {
        cr_assert(n >= 0 && n < CLIENTS * NUMBERS);
        cr_assert_eq(was_run[n]++, 0, "%lld was run twice", n);
    }
    fclose(file);
    for (n = 0; n < CLIENTS * NUMBERS; n++)
        cr_assert(was_run[n] || !said_ok[n], "%lld was answered but not run", n);
}

Test(servers, twenty_killed_under_load, .timeout = 3000)
{
    const char *given = getenv("WALDO_FAULTS_SEED");
    unsigned seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);
    fprintf(stderr, "twenty_killed_under_load: WALDO_FAULTS_SEED=%u\n", seed);
    worker workers[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(workers[i].argument, sizeof workers[i].argument, "%s:%d", journal, i * NUMBERS);
        snprintf(workers[i].log, sizeof workers[i].log, "%s.%d", journal, i * NUMBERS);
        workers[i].process =
            spawn_client(&host, host.urls[i % MAX_URLS], "add", workers[i].argument);
    }
    AWAIT(all_go_on(workers, 0));
    const int deaths = DEATHS * faults_times();
    for (int i = 1; i <= deaths; i++)
        kill_and_restart(workers, i, &seed);
    for (int i = 0; i < CLIENTS; i++) {
        end_with(&workers[i].process, SIGKILL);
        read_log(&workers[i]);
        cr_assert_eq(workers[i].gone, deaths, "client %d was told of %d", i, workers[i].gone);
    }
    compare_with_journal();
}
