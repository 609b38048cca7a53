#include "votes.h"

#include <inttypes.h>
#include <stdio.h>

#include "tally.proxy.h"

static int vote_for(election_tally *tally, char *candidate, waldo_error *reterr)
{
    Election__Vote vote = ELECTION__VOTE__INIT;
    vote.candidate = candidate;
    Election__Standing *standing = NULL;
    int status = election_tally_vote(tally, &vote, &standing, reterr);
    if (status < 0)
        return status;
    election__standing__free_unpacked(standing, NULL);
    return 0;
}

static int print_standings(election_tally *tally, waldo_error *reterr)
{
    WALDO_AUTO(election_tally_standings_iterator) iterator = NULL;
    int status = election_tally_standings(tally, &iterator, reterr);
    if (status < 0)
        return status;
    WALDO_FOR_EACH(election_tally_standings, iterator, item, &status, reterr)
        printf("%s %" PRIu64 "\n", item->candidate, item->votes);
    return status;
}

int votes_cast(waldo_manager *manager, waldo_error *reterr)
{
    Election__Ballot ballot = ELECTION__BALLOT__INIT;
    ballot.first = "ada";
    ballot.second = "grace";
    WALDO_AUTO(election_tally) tally = NULL;
    int status = election_tally_new(manager, &ballot, &tally, reterr);
    if (status >= 0)
        status = vote_for(tally, "ada", reterr);
    if (status >= 0)
        status = vote_for(tally, "grace", reterr);
    if (status >= 0)
        status = vote_for(tally, "ada", reterr);
    if (status < 0)
        return status;

    waldo_error refusal = WALDO_ERROR_INIT;
    if (vote_for(tally, "nobody", &refusal) != WALDO_EKEY)
        return waldo_error_set(reterr, WALDO_EASSERTION, "a vote for nobody was counted");
    printf("%s\n", refusal.message);
    return print_standings(tally, reterr);
}
