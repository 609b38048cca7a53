#include "types/participant.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "types/builtins.h"
#include "types/container.h"
#include "types/dict.h"
#include "types/queue.h"

/* ---- containers: a copy of the outermost one is all that there is to save ---- */

static void hold_cell(void *self)
{
    waldo__cell_enter(self);
}

static void let_cell_go(void *self)
{
    waldo__cell_leave(self);
}

static int save_cell(void *self, waldo_call *call, void **ret_saved)
{
    const waldo__cell *cell = self;
    waldo_value *copy;
    int status = waldo_value_copy(cell->value, &copy, call->reterr);
    if (status >= 0)
        *ret_saved = copy;
    return status;
}

static void restore_cell(void *self, void *saved)
{
    waldo__cell_enter(self);
    waldo__cell_replace(self, saved);
    (void)waldo__cell_leave_changed(self, 0);
}

static void restore_dict(void *self, void *saved)
{
    waldo__shared_dict *dict = self;
    waldo__cell_enter(&dict->cell);
    waldo__cell_replace(&dict->cell, saved);
    (void)waldo__dict_leave(dict, 0);
}

static void forget_copy(void *saved)
{
    waldo_value_unref(saved);
}

/* ---- the table ---- */

static const char *const queue_methods[] = {
    "put",   "put_nowait", "put_many",  "get",    "get_nowait",  "get_many", "qsize",
    "empty", "full",       "task_done", "counts", "acknowledge", NULL};

static const waldo__participant participants[] = {
    {&waldo_builtin_dict_service, NULL, false, hold_cell, let_cell_go, save_cell, restore_dict,
     forget_copy},
    {&waldo_builtin_list_service, NULL, false, hold_cell, let_cell_go, save_cell, restore_cell,
     forget_copy},
    {&waldo_builtin_set_service, NULL, false, hold_cell, let_cell_go, save_cell, restore_cell,
     forget_copy},
    {&waldo_builtin_namespace_service, NULL, false, hold_cell, let_cell_go, save_cell, restore_cell,
     forget_copy},
    {&waldo_builtin_value_service, NULL, false, hold_cell, let_cell_go, save_cell, restore_cell,
     forget_copy},
    {&waldo_builtin_array_service, NULL, false, hold_cell, let_cell_go, save_cell, restore_cell,
     forget_copy},
    {&waldo_builtin_queue_service, queue_methods, true, waldo__queue_hold, waldo__queue_let_go,
     waldo__queue_save, waldo__queue_restore, free},
};

const waldo__participant *waldo__participant_find(const waldo_service *service)
{
    for (size_t i = 0; i < sizeof participants / sizeof participants[0]; i++)
        if (participants[i].service == service)
            return &participants[i];
    return NULL;
}

bool waldo__participant_offers(const waldo__participant *participant,
                               const waldo_service_method *method)
{
    /* No step waits, or runs a type's constructor, which may be anybody's. */
    if (method->flags & WALDO_METHOD_GENERATOR || strcmp(method->name, "wait_changed") == 0 ||
        strcmp(method->name, "get_or_create") == 0)
        return false;
    if (!participant->methods)
        return true;
    for (const char *const *name = participant->methods; *name; name++)
        if (strcmp(*name, method->name) == 0)
            return true;
    return false;
}
