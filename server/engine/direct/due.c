/* Which connections have until when to say or to take something. */
#include "engine/direct/connection.h"

#define DEFAULT_STRANGER_MS 10000

void waldo__due_remove(waldo__connection *connection)
{
    waldo__listener *listener = connection->listener;

    if (connection->due == 0)
        return;
    if (connection->due_before != NULL)
        connection->due_before->due_after = connection->due_after;
    else
        listener->due_first = connection->due_after;
    if (connection->due_after != NULL)
        connection->due_after->due_before = connection->due_before;
    else
        listener->due_last = connection->due_before;
    connection->due = 0;
}

void waldo__due_add(waldo__connection *connection)
{
    waldo__listener *listener = connection->listener;
    unsigned limit = listener->limits.stranger_ms;

    waldo__due_remove(connection);
    connection->due = uv_now(listener->loop) + (limit != 0 ? limit : DEFAULT_STRANGER_MS);
    connection->due_before = listener->due_last;
    connection->due_after = NULL;
    if (listener->due_last != NULL)
        listener->due_last->due_after = connection;
    else
        listener->due_first = connection;
    listener->due_last = connection;
    waldo__listener_start_tick(listener);
}
