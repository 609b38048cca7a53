#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "tally.service.h"

#define CANDIDATES 2

struct tally {
    char *names[CANDIDATES];
    uint64_t votes[CANDIDATES];
};

static void tally_destroy(void *self)
{
    struct tally *tally = self;
    for (size_t i = 0; i < CANDIDATES; i++)
        free(tally->names[i]);
    free(tally);
}

static int tally_create(void *type_data, waldo_call *call, const Election__Ballot *ballot,
                        void **ret_self)
{
    (void)type_data;
    struct tally *tally = calloc(1, sizeof *tally);
    if (!tally)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a tally");
    tally->names[0] = strdup(ballot->first);
    tally->names[1] = strdup(ballot->second);
    if (!tally->names[0] || !tally->names[1]) {
        tally_destroy(tally);
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for the names");
    }
    *ret_self = tally;
    return 0;
}

static int tally_vote(void *self, waldo_call *call, const Election__Vote *vote,
                      Election__Standing *result)
{
    struct tally *tally = self;
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (strcmp(tally->names[i], vote->candidate) != 0)
            continue;
        result->candidate = tally->names[i];
        result->votes = ++tally->votes[i];
        return 0;
    }
    return waldo_call_raise(call, WALDO_EKEY, "%s is not on the ballot", vote->candidate);
}

static int tally_standings(waldo_generator *generator, waldo_call *call, void *self)
{
    (void)call;
    const struct tally *tally = self;
    for (size_t i = 0; i < CANDIDATES; i++) {
        Election__Standing standing = ELECTION__STANDING__INIT;
        standing.candidate = tally->names[i];
        standing.votes = tally->votes[i];
        int status = election_tally_standings_yield(generator, &standing);
        if (status < 0)
            return status;
    }
    return 0;
}

static int tally__clear(void *self, waldo_call *call)
{
    (void)call;
    struct tally *tally = self;
    memset(tally->votes, 0, sizeof tally->votes);
    return 0;
}

static const struct election_tally_ops ops = {
    .create = tally_create,
    .vote = tally_vote,
    .standings = tally_standings,
    ._clear = tally__clear,
    .destroy = tally_destroy,
};

int tally_initialize(waldo_registry *registry, waldo_error *reterr)
{
    return election_tally_register(registry, &ops, NULL, reterr);
}
