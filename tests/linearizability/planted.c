#include "planted.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Most of the time everything is right, as with other mistakes. */
enum { EVERY = 3 };

bool waldo__planted(enum waldo__planted_bug bug)
{
    static const char *const names[] = {
#define NAME(name) #name,
        WALDO__PLANTED_BUGS(NAME)
#undef NAME
    };
    static atomic_uint count;
    const char *wanted = getenv("WALDO_PLANTED_BUG");
    return wanted && strcmp(wanted, names[bug]) == 0 && atomic_fetch_add(&count, 1) % EVERY == 0;
}
