/* waldo-conformance: shows that a server does what multiprocessing's managers do, row by row.
 *
 * A line for each row: pass, FAIL with the reason, or skip with the reason. The last line is
 * `N passed, N failed, N skipped`. Exit status: 0 nothing failed, 1 something did, 2 wrong usage or
 * no server. row.h is the manual of rows. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "run.h"

static const char usage[] =
    "usage: waldo-conformance [--server URL] [--authkey-file FILE] [OPTION...]\n"
    "\n"
    "  --server URL         the server to judge; its scheme says which engine the clients use:\n"
    "                       tcp:// ipc:// nn+tcp:// nn+ipc:// ws://. Without it a waldod is\n"
    "                       started, and judged over every pairing of engines\n"
    "  --authkey-file FILE  a key with all rights; the user's own key\n"
    "  --pairing C:S        only this one of a waldod that is started: the clients' scheme and\n"
    "                       the server's, as in nn+tcp:tcp; shm is ipc:// as it is by\n"
    "                       default, ipc does not leave the socket\n"
    "  --row PATTERN        only rows whose id or name matches, as in 'F*' or 'F1'\n"
    "  --one-process        a row's clients are threads of one process, not processes\n"
    "  --deadline SECONDS   for a row; 90\n"
    "  --list               names the rows and the types that they need\n"
    "  --version, --help\n";

static const char *const pairings[] = {
    "tcp:tcp",    "ipc:ipc",       "shm:shm",       "tcp:nn+tcp", "ipc:nn+ipc",   "nn+tcp:tcp",
    "nn+ipc:ipc", "nn+tcp:nn+tcp", "nn+ipc:nn+ipc", "ws:ws",      "inproc:inproc"};

typedef struct arguments {
    const char *server;
    const char *pairing;
    const char *row;
    const char *client; /* internal: this process is a row's client */
    double deadline;
    bool list;
} arguments;

static int complain(const char *what)
{
    fprintf(stderr, "waldo-conformance: %s\n%s", what, usage);
    return 2;
}

/* 0: go on; -1: --help and --version; else the exit status. */
static int read_arguments(int argc, char **argv, arguments *given)
{
    static const struct option options[] = {{"server", required_argument, NULL, 's'},
                                            {"authkey-file", required_argument, NULL, 'k'},
                                            {"pairing", required_argument, NULL, 'p'},
                                            {"row", required_argument, NULL, 'r'},
                                            {"one-process", no_argument, NULL, 'o'},
                                            {"deadline", required_argument, NULL, 'd'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"client", required_argument, NULL, 'c'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 's':
            given->server = optarg;
            break;
        case 'k':
            row_set.authkey_file = optarg;
            break;
        case 'p':
            given->pairing = optarg;
            break;
        case 'r':
            given->row = optarg;
            break;
        case 'o':
            row_set.one_process = true;
            break;
        case 'd':
            given->deadline = strtod(optarg, NULL);
            break;
        case 'l':
            given->list = true;
            break;
        case 'c':
            given->client = optarg;
            break;
        case 'v':
            puts("waldo-conformance " WALDO_VERSION);
            return -1;
        case 'h':
            fputs(usage, stdout);
            return -1;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc)
        return complain("unexpected argument");
    if (!(given->deadline > 0 && given->deadline < 1e6))
        return complain("--deadline takes seconds");
    return given->server && given->pairing ? complain("--pairing is for a server that is started")
                                           : 0;
}

static int list_rows(const char *pattern)
{
    for (const row_entry *entry = row_first(); entry; entry = entry->next)
        if (run_matches(entry, pattern))
            printf("%s%s%s\n", entry->name, entry->needs[0] ? ": " : "", entry->needs);
    return 0;
}

static void run_over(const char *url, const arguments *given, run_totals *totals)
{
    row_set.url = url;
    for (const row_entry *entry = row_first(); entry && !run_interrupted; entry = entry->next)
        if (run_matches(entry, given->row))
            run_row(entry, given->deadline, totals);
}

/* Clients with the scheme before the colon, where the server listens by the one after it. */
static bool run_pairing(const daemon_server *server, const char *pairing, const arguments *given,
                        run_totals *totals)
{
    char client[16], url[300];
    if (strcmp(pairing, "inproc:inproc") == 0) {
        puts("inproc clients of a server in the same process");
        run_over("inproc://waldo-conformance", given, totals);
        return true;
    }
    const char *colon = strchr(pairing, ':');
    const char *listens = colon ? daemon_url(server, colon + 1) : NULL;
    if (!listens)
        return false;
    snprintf(client, sizeof client, "%.*s", (int)(colon - pairing), pairing);
    snprintf(url, sizeof url, "%s%s%s", strcmp(client, "shm") == 0 ? "ipc" : client,
             strstr(listens, "://"), strcmp(client, "ipc") == 0 ? "?shm=0" : "");
    printf("%s clients of %s\n", client, listens);
    run_over(url, given, totals);
    return true;
}

static int run_pairings(const arguments *given, run_totals *totals)
{
    daemon_server *server = daemon_start(row_set.authkey_file);
    int status = 0;
    if (!server)
        return 2;
    if (given->pairing)
        status =
            run_pairing(server, given->pairing, given, totals) ? 0 : complain("no such pairing");
    for (size_t i = 0;
         !given->pairing && !run_interrupted && i < sizeof pairings / sizeof pairings[0]; i++)
        run_pairing(server, pairings[i], given, totals);
    int code = daemon_stop(server);
    if (code != 0) {
        fprintf(stderr, "waldo-conformance: waldod ended with %d\n", code);
        totals->failed++;
    }
    return status;
}

static void on_signal(int number)
{
    (void)number;
    run_interrupted = 1;
}

static void handle_signals(void)
{
    /* Without SA_RESTART: the wait for a row ends. */
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    arguments given = {.deadline = 90};
    run_totals totals = {0};
    int status = read_arguments(argc, argv, &given);
    if (status != 0)
        return status < 0 ? 0 : status;
    if (given.list)
        return list_rows(given.row);
    if (given.client) {
        row_set.url = given.server;
        row_be_client(given.client);
    }
    handle_signals();
    if (given.server)
        run_over(given.server, &given, &totals);
    else
        status = run_pairings(&given, &totals);
    if (status != 0)
        return status;
    printf("%u passed, %u failed, %u skipped\n", totals.passed, totals.failed, totals.skipped);
    return totals.failed > 0 || totals.passed + totals.skipped == 0;
}
