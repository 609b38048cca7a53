/* The functions that a fresh image can be told to run: a list of the process, filled when the
 * program and its modules are loaded. */
#include <string.h>

#include "process/process.h"

static waldo_mp_registration *registrations;

const waldo_value *waldo_mp_argument(const waldo_value *arguments, size_t index)
{
    waldo_value *item;
    if (index > INT64_MAX || waldo_value_item(arguments, (int64_t)index, &item, NULL) < 0)
        item = waldo_v_none(); /* which lives for ever */
    /* The arguments have it as long as they live. */
    waldo_value_unref(item);
    return item;
}

void waldo_mp_register_target(waldo_mp_registration *registration)
{
    waldo__children_lock();
    registration->next = registrations;
    registrations = registration;
    waldo__children_unlock();
}

void waldo_mp_unregister_target(waldo_mp_registration *registration)
{
    waldo__children_lock();
    waldo_mp_registration **place = &registrations;
    while (*place && *place != registration)
        place = &(*place)->next;
    if (*place)
        *place = registration->next;
    waldo__children_unlock();
}

int waldo__target_named(const char *name, waldo_mp_function **ret_target, waldo_error *reterr)
{
    waldo_mp_function *found = NULL;
    int count = 0;
    waldo__children_lock();
    for (const waldo_mp_registration *each = registrations; each; each = each->next)
        if (strcmp(each->name, name) == 0) {
            found = each->function;
            count++;
        }
    waldo__children_unlock();
    if (count != 1)
        return waldo_error_set(reterr, WALDO_EATTRIBUTE,
                               count ? "two targets of this program are called '%s'"
                                     : "this program has no target '%s'",
                               name);
    *ret_target = found;
    return 0;
}

int waldo__target_name(waldo_mp_function *target, const char **ret_name, waldo_error *reterr)
{
    const char *name = NULL;
    waldo_mp_function *found;
    waldo__children_lock();
    for (const waldo_mp_registration *each = registrations; each && !name; each = each->next)
        if (each->function == target)
            name = each->name;
    waldo__children_unlock();
    if (!name)
        return waldo_error_set(
            reterr, WALDO_EATTRIBUTE,
            "a fresh process cannot find the target: WALDO_MP_TARGET is missing");
    int status = waldo__target_named(name, &found, reterr);
    if (status >= 0)
        *ret_name = name;
    return status;
}
