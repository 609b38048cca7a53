/* Clients of queues are killed at random moments, and no item is lost or doubled, and no
 * transaction half done.
 *
 * An item is got for good when the client's runtime has said so, which it does with its next
 * request or heartbeat. So of each client that was killed the last item that it got may come once
 * more, and no other. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

enum { AT_A_TIME = 5, KILLS = 40, RANGE = 1000000, MAX_CLIENTS = AT_A_TIME + KILLS + 1 };

static const char *const short_times[] = {"--lease", "0.8", "--grace", "0.2", NULL};
static server host;
static waldo_manager *manager;
static waldo_queue *queues[2];
static waldo_proxy *accounts[2];
static uint64_t objects_before;
static char journal[128];
static char token[2048];
static unsigned seed;

static void make_token(void)
{
    waldo_value *parts[4];
    for (int i = 0; i < 2; i++) {
        OK(waldo_proxy_to_value(waldo_queue_proxy(queues[i]), &parts[i], &error));
        OK(waldo_proxy_to_value(accounts[i], &parts[2 + i], &error));
    }
    waldo_value *all = waldo_v_tuple_of(parts, 4);
    uint8_t *data = NULL;
    size_t size = 0;
    OK(waldo_value_pack(all, &data, &size, &error));
    waldo_value_unref(all);
    cr_assert_lt(2 * size, sizeof token);
    for (size_t i = 0; i < size; i++)
        snprintf(token + 2 * i, 3, "%02x", data[i]);
    free(data);
}

static void set_up(void)
{
    const char *given = getenv("WALDO_FAULTS_SEED");
    seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);
    fprintf(stderr, "queues: WALDO_FAULTS_SEED=%u\n", seed);
    start_server(&host, short_times);
    manager = connect_to(&host, host.urls[0]);
    OK(waldo_queue_new(manager, 20, &queues[0], &error));
    OK(waldo_queue_new(manager, 0, &queues[1], &error));
    for (int i = 0; i < 2; i++)
        OK(waldo_proxy_create(manager, "Value", waldo_v_tuple(waldo_v("q"), waldo_v(0)),
                              &accounts[i], &error));
    make_token();
    objects_before = number_of_objects(manager);
    snprintf(journal, sizeof journal, "%s/journal", host.directory);
    int file = open(journal, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(file, 0);
    close(file);
}

static void tear_down(void)
{
    unlink(journal);
    waldo_queue_unref(queues[0]);
    waldo_queue_unref(queues[1]);
    waldo_proxy_unref(accounts[0]);
    waldo_proxy_unref(accounts[1]);
    waldo_manager_unref(manager);
    stop_server(&host);
}

TestSuite(queues, .init = set_up, .fini = tear_down, .timeout = 170);

/* ---- clients ---- */

static int started;

static process start_client(const char *role)
{
    char first[32];
    snprintf(first, sizeof first, "%lld", (long long)started * RANGE);
    const char *arguments[] = {FAULTS_QUEUE_CLIENT,
                               host.urls[started % MAX_URLS],
                               host.key_file,
                               role,
                               journal,
                               first,
                               token,
                               NULL};
    started++;
    return spawn(arguments, false);
}

/* Clients in these roles work, and one after the other is killed and replaced. */
static void kill_at_random(const char *const roles[AT_A_TIME])
{
    process clients[AT_A_TIME];
    for (int i = 0; i < AT_A_TIME; i++)
        clients[i] = start_client(roles[i]);
    AWAIT(number_of_objects(manager) == objects_before + AT_A_TIME);
    for (int i = 0; i < KILLS; i++) {
        pause_ms((unsigned)rand_r(&seed) % 60);
        end_with(&clients[i % AT_A_TIME], SIGKILL);
        clients[i % AT_A_TIME] = start_client(roles[i % AT_A_TIME]);
    }
    pause_ms(200);
    for (int i = 0; i < AT_A_TIME; i++)
        end_with(&clients[i], SIGKILL);
    AWAIT(number_of_objects(manager) == objects_before);
}

/* ---- what came of each number ---- */

typedef struct fate {
    unsigned short put, got, last_got, left;
} fate;

/* Of every client's numbers, those that were used. */
static fate *fates[MAX_CLIENTS];

static fate *fate_of(int64_t number)
{
    cr_assert(number >= 0 && number / RANGE < MAX_CLIENTS, "%lld", (long long)number);
    fate **mine = &fates[number / RANGE];
    if (!*mine)
        *mine = calloc(RANGE, sizeof **mine);
    return &(*mine)[number % RANGE];
}

static void free_fates(void)
{
    for (int i = 0; i < MAX_CLIENTS; i++) {
        free(fates[i]);
        fates[i] = NULL;
    }
}

/* Reads the journal; how many lines of that kind there are. */
static int read_journal(const char *kind)
{
    static struct {
        int pid;
        long long number;
    } last[MAX_CLIENTS];
    int pids = 0, count = 0, pid;
    char what[16];
    long long number;
    FILE *file = fopen(journal, "re");
    cr_assert_not_null(file);
    while (fscanf(file, "%d %15s %lld", &pid, what, &number) == 3) {
        count += strcmp(what, kind) == 0;
        if (strcmp(what, "put") == 0) {
            fate_of(number)->put++;
            continue;
        }
        fate_of(number)->got++;
        int i = 0;
        while (i < pids && last[i].pid != pid)
            i++;
        pids = i == pids ? pids + 1 : pids;
        last[i].pid = pid;
        last[i].number = number;
    }
    fclose(file);
    for (int i = 0; i < pids; i++)
        fate_of(last[i].number)->last_got++;
    return count;
}

static void drain(waldo_queue *queue)
{
    int64_t size;
    OK(waldo_queue_qsize(queue, &size, &error));
    for (; size > 0; size--) {
        waldo_value *item = NULL;
        int64_t number;
        OK(waldo_queue_get(queue, 0, &item, &error));
        OK(waldo_value_get_int64(item, &number, &error));
        fate_of(number)->left++;
        waldo_value_unref(item);
    }
    cr_assert_eq(waldo_queue_empty(queue, NULL), 1);
}

/* Each number that was put was got or is left, and once, but for what was said at the top. */
static void check_numbers(void)
{
    int unsaid = 0;
    for (int64_t client = 0; client < MAX_CLIENTS; client++) {
        for (int64_t i = 0; fates[client] && i < RANGE; i++) {
            const fate *one = &fates[client][i];
            long long number = client * RANGE + i;
            cr_assert_leq(one->put, 1, "%lld was put twice", number);
            cr_assert(!one->put || one->got + one->left > 0, "%lld is lost", number);
            cr_assert_leq(one->got + one->left, 1 + one->last_got, "%lld was doubled", number);
            unsaid += !one->put && one->got + one->left > 0;
        }
    }
    cr_assert_leq(unsaid, MAX_CLIENTS, "%d were put that nobody put", unsaid);
    free_fates();
}

/* ---- tests ---- */

Test(queues, getters_and_putters_are_killed)
{
    static const char *const roles[] = {"put", "get", "put", "get", "get"};
    kill_at_random(roles);
    cr_assert_gt(read_journal("got"), KILLS);
    drain(queues[0]);
    check_numbers();
}

Test(queues, getters_in_batches_are_killed)
{
    static const char *const roles[] = {"put", "batch", "put", "batch", "batch"};
    kill_at_random(roles);
    cr_assert_gt(read_journal("got"), KILLS);
    drain(queues[0]);
    check_numbers();
}

Test(queues, getters_from_several_queues_are_killed)
{
    static const char *const roles[] = {"put", "get_any", "move", "get", "get_any"};
    kill_at_random(roles);
    cr_assert_gt(read_journal("got"), KILLS);
    drain(queues[0]);
    drain(queues[1]);
    check_numbers();
}

Test(queues, takers_are_killed)
{
    static const char *const roles[] = {"put", "take", "take", "take", "take"};
    kill_at_random(roles);
    int done = read_journal("done");
    cr_assert_gt(done, KILLS);
    waldo_queue_counts counts;
    OK(waldo_queue_get_counts(queues[0], &counts, &error));
    cr_assert_eq(counts.taken, 0);
    cr_assert_eq(counts.unfinished, counts.items);
    drain(queues[0]);
    /* What was acknowledged was done once; a few did not live to say so. */
    int silent = 0;
    for (int client = 0; client < MAX_CLIENTS; client++) {
        for (int64_t i = 0; fates[client] && i < RANGE; i++) {
            const fate *one = &fates[client][i];
            cr_assert_leq(one->got + one->left, 1, "%d.%lld was doubled", client, (long long)i);
            silent += one->put && one->got + one->left == 0;
        }
    }
    cr_assert_leq(silent, MAX_CLIENTS);
    free_fates();
}

Test(queues, movers_are_killed)
{
    static const char *const roles[] = {"move", "move", "move", "move", "move"};
    enum { ITEMS = 30 };
    for (int i = 0; i < ITEMS; i++)
        OK(waldo_queue_put(queues[i % 2], waldo_v(i), 0, &error));
    kill_at_random(roles);
    drain(queues[0]);
    drain(queues[1]);
    for (int i = 0; i < ITEMS; i++)
        cr_assert_eq(fate_of(i)->left, 1, "%d", i);
    free_fates();
}

static int64_t number_in(waldo_value *result)
{
    int64_t number = 0;
    OK(waldo_value_get_int64(result, &number, &error));
    waldo_value_unref(result);
    return number;
}

/* All accounts at one moment, and how often money has moved. */
static int64_t read_accounts(int64_t *ret_sum)
{
    waldo_transaction *look = NULL;
    waldo_value *results = NULL, *result[3];
    OK(waldo_transaction_new(manager, &look, &error));
    for (int i = 0; i < 2; i++)
        OK(waldo_transaction_add(look, accounts[i], "get", waldo_v_none(), &error));
    OK(waldo_transaction_add(look, waldo_queue_proxy(queues[1]), "qsize", waldo_v_none(), &error));
    OK(waldo_transaction_commit(look, &results, &error));
    for (int i = 0; i < 3; i++)
        OK(waldo_value_item(results, i, &result[i], &error));
    *ret_sum = number_in(result[0]) + number_in(result[1]);
    waldo_value_unref(results);
    waldo_transaction_unref(look);
    return number_in(result[2]);
}

Test(queues, transfers_are_killed)
{
    static const char *const roles[] = {"transfer", "transfer", "transfer", "transfer", "move"};
    kill_at_random(roles);
    int64_t sum;
    cr_assert_gt(read_accounts(&sum), 0);
    cr_assert_eq(sum, 0);
    cr_assert_gt(read_journal("put"), 0);
    drain(queues[0]);
    drain(queues[1]);
    check_numbers();
}
