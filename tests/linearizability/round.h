/* Rounds: some clients work on some objects, things go wrong, and the histories of the objects are
 * checked. */
#ifndef WALDO_TESTS_LINEARIZABILITY_ROUND_H
#define WALDO_TESTS_LINEARIZABILITY_ROUND_H

#include "choose.h"
#include "journal.h"
#include "relay.h"
#include "support.h"

enum { CLIENTS = 4, SUBJECTS = 5, MAX_CALLS = 2048 };

typedef struct client {
    process process; /* pid 0: there is none */
    unsigned session;
    journal *journal;
    char journal_path[128];
    waldo_lock *life; /* its session holds it */
    bool is_ready, is_done, is_stopped;
} client;

typedef struct arena {
    server *host;
    relay *network;
    bool may_damage; /* the engine's bytes are authenticated */
    waldo_manager *manager;
    client clients[CLIENTS];
    chance by;
    uint64_t began; /* the round */
    enum subject_kind kinds[SUBJECTS];
    subject subjects[SUBJECTS];
    operation calls[MAX_CALLS];
    size_t count;
    bool is_quiet;      /* about violations */
    bool loses_replies; /* oftener than other things go wrong: of clients that are killed then */
    size_t histories, violations, undecided, operations; /* of all rounds */
    size_t killed, gone, faults;
} arena;

/* host: already started. url: which of its URLs clients use. */
void arena_begin(arena *one, server *host, const char *url);
void arena_end(arena *one);
/* With the kinds in one->kinds; how many calls each client makes with each of so many threads, and
 * whether anything goes wrong. */
void run_round(arena *one, uint64_t seed, unsigned calls, unsigned threads, bool faults);

/* ---- faults.c ---- */

/* Something that goes wrong now. */
void do_fault(arena *one);
/* What was wrong is right again. */
void end_faults(arena *one);

/* ---- observe.c ---- */

/* What the objects are in the end: more calls. */
void observe(arena *one);
/* Splits the calls by objects, and checks each. */
void check_round(arena *one, uint64_t seed);

#endif
