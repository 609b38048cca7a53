/* Start methods by name, and which one is the default. */
#include <stdatomic.h>
#include <string.h>

#include "process/process.h"

static const char *const names[] = {
    [WALDO_MP_FORK] = "fork",
    [WALDO_MP_SPAWN] = "spawn",
    [WALDO_MP_FORKSERVER] = "forkserver",
};

static _Atomic waldo_mp_method chosen = WALDO_MP_DEFAULT;

static bool is_method(waldo_mp_method method)
{
    return method > WALDO_MP_DEFAULT && (size_t)method < sizeof names / sizeof names[0];
}

const char *waldo_mp_method_name(waldo_mp_method method)
{
    return is_method(method) ? names[method] : NULL;
}

int waldo_mp_method_named(const char *name, waldo_mp_method *ret_method, waldo_error *reterr)
{
    for (waldo_mp_method method = WALDO_MP_FORK; is_method(method); method++)
        if (strcmp(names[method], name) == 0) {
            *ret_method = method;
            return 0;
        }
    return waldo_error_set(reterr, WALDO_EVALUE, "cannot find context for '%s'", name);
}

int waldo_mp_set_start_method(waldo_mp_method method, bool force, waldo_error *reterr)
{
    if (!is_method(method) && !(force && method == WALDO_MP_DEFAULT))
        return waldo_error_set(reterr, WALDO_EVALUE, "cannot find context for %d", (int)method);
    waldo_mp_method none = WALDO_MP_DEFAULT;
    if (force)
        atomic_store(&chosen, method);
    else if (!atomic_compare_exchange_strong(&chosen, &none, method))
        return waldo_error_set(reterr, WALDO_ERUNTIME, "context has already been set");
    return 0;
}

waldo_mp_method waldo_mp_get_start_method(bool allow_none)
{
    waldo_mp_method method = atomic_load(&chosen);
    return method == WALDO_MP_DEFAULT && !allow_none ? WALDO_MP_FORKSERVER : method;
}
