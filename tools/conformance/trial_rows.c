#include "trial_rows.h"

trial_counter *row_counter(waldo_manager *manager, int64_t n)
{
    trial_counter *counter = NULL;
    Trial__Number start = TRIAL__NUMBER__INIT;
    start.n = n;
    must(trial_counter_new(manager, &start, &counter, &err));
    return counter;
}

int64_t row_add(trial_counter *counter, int64_t n)
{
    Trial__Number number = TRIAL__NUMBER__INIT, *sum = NULL;
    number.n = n;
    must(trial_counter_add(counter, &number, &sum, &err));
    int64_t result = sum->n;
    trial__number__free_unpacked(sum, NULL);
    return result;
}

static trial_events *connect_events(waldo_manager **ret_manager)
{
    trial_events *events = NULL;
    *ret_manager = row_connect();
    must(trial_events_new(*ret_manager, &events, &err));
    must(waldo_proxy_set_timeout(trial_events_proxy(events), ROW_PATIENCE, &err));
    return events;
}

void row_await_event(const char *event, int64_t count)
{
    waldo_manager *manager;
    trial_events *events = connect_events(&manager);
    Trial__Event which = TRIAL__EVENT__INIT;
    which.name = (char *)event;
    which.count = count;
    must(trial_events_await(events, &which, &err));
    trial_events_unref(events);
    waldo_manager_unref(manager);
}

void row_post_event(const char *event)
{
    waldo_manager *manager;
    trial_events *events = connect_events(&manager);
    Trial__Event which = TRIAL__EVENT__INIT;
    which.name = (char *)event;
    must(trial_events_post(events, &which, &err));
    trial_events_unref(events);
    waldo_manager_unref(manager);
}

int64_t row_event_count(const char *event)
{
    waldo_manager *manager;
    trial_events *events = connect_events(&manager);
    Trial__Event which = TRIAL__EVENT__INIT;
    Trial__Number *number = NULL;
    which.name = (char *)event;
    must(trial_events_count(events, &which, &number, &err));
    int64_t count = number->n;
    trial__number__free_unpacked(number, NULL);
    trial_events_unref(events);
    waldo_manager_unref(manager);
    return count;
}
