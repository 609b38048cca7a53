#include <stdlib.h>
#include <string.h>

#include "types.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static named *all;

static named *find(named_maker *kind, const char *name)
{
    named *one = all;
    while (one && (one->kind != kind || strcmp(one->name, name) != 0))
        one = one->next;
    return one;
}

static named *make_one(named_maker *kind, const char *name, const char *journal)
{
    named *made = kind(journal);
    if (!made)
        return NULL;
    made->kind = kind;
    made->name = name[0] ? strdup(name) : NULL;
    if (made->name) {
        made->next = all;
        all = made;
    }
    return made;
}

void *named_find_or_make(named_maker *kind, const char *name, const char *journal)
{
    pthread_mutex_lock(&lock);
    named *found = name[0] ? find(kind, name) : NULL;
    if (!found)
        found = make_one(kind, name, journal);
    pthread_mutex_unlock(&lock);
    return found;
}

bool named_is_mortal(const void *object)
{
    return ((const named *)object)->name == NULL;
}
