#include "engine/direct/connections.h"

#include <stdlib.h>

#include "engine/direct/connection.h"

#define FIRST_CAPACITY 16
#define PLACE_BITS 32

static bool grow(waldo__connections *table)
{
    uint32_t capacity = table->capacity == 0 ? FIRST_CAPACITY : table->capacity * 2;
    waldo__connection **places = realloc(table->places, capacity * sizeof *places);

    if (places == NULL)
        return false;
    table->places = places;
    uint32_t *free_places = realloc(table->free_places, capacity * sizeof *free_places);
    if (free_places == NULL)
        return false;
    table->free_places = free_places;
    for (uint32_t place = capacity; place-- > table->capacity;) {
        places[place] = NULL;
        free_places[table->free_count++] = place;
    }
    table->capacity = capacity;
    return true;
}

bool waldo__connections_add(waldo__connections *table, waldo__connection *connection,
                            uint64_t *ret_number)
{
    if (table->free_count == 0 && !grow(table))
        return false;
    uint32_t place = table->free_places[--table->free_count];
    table->places[place] = connection;
    *ret_number = (uint64_t)++table->serial << PLACE_BITS | place;
    return true;
}

waldo__connection *waldo__connections_find(const waldo__connections *table, uint64_t number)
{
    uint32_t place = (uint32_t)number;

    if (place >= table->capacity || table->places[place] == NULL ||
        table->places[place]->number != number)
        return NULL;
    return table->places[place];
}

void waldo__connections_remove(waldo__connections *table, uint64_t number)
{
    if (waldo__connections_find(table, number) == NULL)
        return;
    table->places[(uint32_t)number] = NULL;
    table->free_places[table->free_count++] = (uint32_t)number;
}

void waldo__connections_free(waldo__connections *table)
{
    free(table->places);
    free(table->free_places);
    *table = (waldo__connections){NULL, NULL, 0, 0, 0};
}
