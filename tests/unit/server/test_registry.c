/* What may be registered, and what is refused with a sentence. */
#include "registry.h"

#include <criterion/criterion.h>
#include <string.h>

#include "waldo/value.pb-c.h"

/* ---- a service by hand: get, put, _reset and twin, which returns a proxy of its own typeid ----
 */

typedef struct handlers {
    bool missing[4];
    bool no_create;
} handlers;

static bool provides(const void *ops, size_t position)
{
    return !((const handlers *)ops)->missing[position];
}

static bool creates(const void *ops)
{
    return !((const handlers *)ops)->no_create;
}

static const waldo_service_method methods[] = {
    {.name = "get"},
    {.name = "put"},
    {.name = "_reset"},
    {.name = "twin", .returns = "Shelf", .flags = WALDO_METHOD_RETURNS_PROXY},
};

static const char *const audit_exposed[] = {"get", "_reset", NULL};

static const waldo_service_typeid typeids[] = {
    {.type_id = "Shelf"},
    {.type_id = "AuditShelf", .exposed = audit_exposed},
    {.type_id = "FoundShelf", .no_create = true},
};

static const waldo_service shelf = {
    .abi = WALDO_ABI,
    .name = "shop.Shelf",
    .methods = methods,
    .method_count = 4,
    .typeids = typeids,
    .typeid_count = 3,
    .provides = provides,
    .creates = creates,
};

static const handlers all_handlers;

static waldo_registry *new_registry(void)
{
    waldo_registry *registry = waldo_registry_new(NULL);

    cr_assert_not_null(registry);
    return registry;
}

static int add(waldo_registry *registry, const waldo_registration *registration, waldo_error *err)
{
    return waldo_registry_add(registry, registration, &shelf, &all_handlers, NULL, err);
}

/* Refused with the code and the words, and nothing is left in the registry. */
static void assert_refused(const waldo_registration *registration, const handlers *ops,
                           const waldo_service *service, int code, const char *words)
{
    waldo_registry *registry = new_registry();
    size_t before = registry->count;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_registry_add(registry, registration, service, ops, NULL, &err), code, "%s",
                 err.message);
    cr_assert_eq(err.code, code);
    cr_assert_not_null(strstr(err.message, words), "%s", err.message);
    cr_assert_eq(registry->count, before);
    cr_assert_eq(waldo_registry_add(registry, registration, service, ops, NULL, NULL), code);
    waldo_registry_unref(registry);
}

/* ---- what is accepted ---- */

Test(registry, add_service_registers_every_typeid)
{
    waldo_registry *registry = new_registry();
    int data;

    cr_assert_eq(waldo_registry_add_service(registry, &shelf, &all_handlers, &data, NULL), 0);
    const waldo__type *type = waldo__registry_find(registry, "Shelf");
    cr_assert_not_null(type);
    cr_assert_eq(type->type_data, &data);
    cr_assert_eq(type->ops, &all_handlers);
    cr_assert(type->exposed[0] && type->exposed[1] && !type->exposed[2] && type->exposed[3]);
    cr_assert_str_eq(type->returns[3], "Shelf");
    cr_assert_null(type->returns[0]);
    type = waldo__registry_find(registry, "AuditShelf");
    cr_assert(type->exposed[0] && !type->exposed[1] && type->exposed[2] && !type->exposed[3]);
    cr_assert_not(type->no_create);
    cr_assert(waldo__registry_find(registry, "FoundShelf")->no_create);
    cr_assert_null(waldo__registry_find(registry, "Shel"));
    cr_assert_null(waldo__registry_find(registry, ""));
    waldo_registry_unref(registry);
}

Test(registry, typeids_are_found_among_many)
{
    waldo_registry *registry = new_registry();

    for (int i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i * 7919 % 300);
        cr_assert_eq(add(registry, &(waldo_registration){.type_id = name}, NULL), 0);
    }
    for (int i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        cr_assert_str_eq(waldo__registry_find(registry, name)->type_id, name);
    }
    for (size_t i = 1; i < registry->count; i++)
        cr_assert_lt(strcmp(registry->types[i - 1]->type_id, registry->types[i]->type_id), 0);
    waldo_registry_unref(registry);
}

Test(registry, an_empty_list_exposes_the_public_methods)
{
    waldo_registry *registry = new_registry();
    const char *const nothing[] = {NULL};

    cr_assert_eq(add(registry, &(waldo_registration){.type_id = "Plain", .exposed = nothing}, NULL),
                 0);
    const waldo__type *type = waldo__registry_find(registry, "Plain");
    cr_assert(type->exposed[0] && type->exposed[1] && !type->exposed[2]);
    waldo_registry_unref(registry);
}

Test(registry, strings_are_copied)
{
    waldo_registry *registry = new_registry();
    char name[] = "Copied", target[] = "Target";
    waldo_method_to_typeid map[] = {{"twin", target}, {NULL, NULL}};

    cr_assert_eq(
        add(registry, &(waldo_registration){.type_id = name, .method_to_typeid = map}, NULL), 0);
    memset(name, 'x', sizeof name - 1);
    memset(target, 'x', sizeof target - 1);
    cr_assert_str_eq(waldo__registry_find(registry, "Copied")->returns[3], "Target");
    waldo_registry_unref(registry);
}

Test(registry, method_to_typeid_exposes_its_method)
{
    waldo_registry *registry = new_registry();
    const char *const exposed[] = {"get", NULL};
    const waldo_method_to_typeid map[] = {{"twin", "Elsewhere"}, {NULL, NULL}};

    cr_assert_eq(
        add(registry,
            &(waldo_registration){.type_id = "Mapped", .exposed = exposed, .method_to_typeid = map},
            NULL),
        0);
    const waldo__type *type = waldo__registry_find(registry, "Mapped");
    cr_assert(type->exposed[0] && !type->exposed[1] && type->exposed[3]);
    cr_assert_str_eq(type->returns[3], "Elsewhere");
    waldo_registry_unref(registry);
}

Test(registry, a_hidden_method_needs_no_handler)
{
    waldo_registry *registry = new_registry();
    const handlers without_reset = {.missing = {[2] = true}};

    cr_assert_eq(waldo_registry_add(registry, &(waldo_registration){.type_id = "Plain"}, &shelf,
                                    &without_reset, NULL, NULL),
                 0);
    waldo_registry_unref(registry);
}

/* ---- what is refused ---- */

Test(registry, a_missing_handler)
{
    const handlers without_put = {.missing = {[1] = true}};

    assert_refused(&(waldo_registration){.type_id = "Shelf"}, &without_put, &shelf, WALDO_EVALUE,
                   "typeid 'Shelf' exposes shop.Shelf.put, which has no handler");
}

Test(registry, a_missing_handler_of_a_mapped_method)
{
    const handlers without_twin = {.missing = {[3] = true}};
    const char *const exposed[] = {"get", NULL};
    const waldo_method_to_typeid map[] = {{"twin", "Shelf"}, {NULL, NULL}};

    assert_refused(
        &(waldo_registration){.type_id = "Shelf", .exposed = exposed, .method_to_typeid = map},
        &without_twin, &shelf, WALDO_EVALUE, "exposes shop.Shelf.twin, which has no");
}

Test(registry, a_missing_constructor)
{
    const handlers without_create = {.no_create = true};
    waldo_service with_message = shelf;
    waldo_registry *registry = new_registry();

    with_message.create_input = &waldo__ref__descriptor;
    assert_refused(&(waldo_registration){.type_id = "Shelf"}, &without_create, &with_message,
                   WALDO_EVALUE, "typeid 'Shelf': shop.Shelf has no create handler");
    /* Where clients create none it is not needed. */
    cr_assert_eq(waldo_registry_add(registry,
                                    &(waldo_registration){.type_id = "Found", .no_create = true},
                                    &with_message, &without_create, NULL, NULL),
                 0);
    waldo_registry_unref(registry);
}

Test(registry, a_taken_typeid)
{
    waldo_registry *registry = new_registry();
    waldo_service other = shelf;
    waldo_error err = WALDO_ERROR_INIT;

    other.name = "shop.Other";
    cr_assert_eq(add(registry, &(waldo_registration){.type_id = "Shelf"}, NULL), 0);
    cr_assert_eq(waldo_registry_add(registry, &(waldo_registration){.type_id = "Shelf"}, &other,
                                    &all_handlers, NULL, &err),
                 WALDO_EEXIST);
    cr_assert_str_eq(err.message, "typeid 'Shelf' is taken by shop.Shelf");
    cr_assert_eq(waldo__registry_find(registry, "Shelf")->service, &shelf);
    waldo_registry_unref(registry);
}

Test(registry, a_builtin_typeid_is_taken)
{
    assert_refused(&(waldo_registration){.type_id = "Iterator"}, &all_handlers, &shelf,
                   WALDO_EEXIST, "typeid 'Iterator' is taken by waldo.Iterator");
}

Test(registry, an_unknown_exposed_name)
{
    const char *const exposed[] = {"get", "got", NULL};

    assert_refused(&(waldo_registration){.type_id = "Shelf", .exposed = exposed}, &all_handlers,
                   &shelf, WALDO_EVALUE,
                   "typeid 'Shelf' exposes 'got', which is no method of shop.Shelf");
}

Test(registry, method_to_typeid_that_is_wrong)
{
    static const struct {
        waldo_method_to_typeid map[2];
        const char *words;
    } wrong[] = {
        {{{"twins", "Shelf"}}, "names 'twins', which is no method of shop.Shelf that returns"},
        {{{"get", "Shelf"}}, "names 'get', which is no method of shop.Shelf that returns"},
        {{{"twin", NULL}}, "gives 'twin' no typeid"},
        {{{"twin", ""}}, "gives 'twin' no typeid"},
        {{{"twin", "not one"}}, "gives 'twin' no typeid"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_refused(&(waldo_registration){.type_id = "Shelf", .method_to_typeid = wrong[i].map},
                       &all_handlers, &shelf, WALDO_EVALUE, wrong[i].words);
}

Test(registry, a_typeid_that_is_no_identifier)
{
    static const char *const names[] = {"",   "1Shelf",       "a b",       "a-b", "a.b",
                                        "#x", "sh\xC3\xA9lf", "new\nline", NULL};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_refused(&(waldo_registration){.type_id = names[i]}, &all_handlers, &shelf,
                       WALDO_EVALUE, "is no typeid: it must be an identifier");
}

Test(registry, a_service_of_another_abi)
{
    waldo_service foreign = shelf;
    waldo_registry *registry = new_registry();
    size_t before = registry->count;

    foreign.abi = WALDO_ABI + 1;
    assert_refused(&(waldo_registration){.type_id = "Shelf"}, &all_handlers, &foreign,
                   WALDO_EVERSION, "shop.Shelf was generated for ABI 2 of Waldo, this is ABI 1");
    cr_assert_eq(waldo_registry_add_service(registry, &foreign, &all_handlers, NULL, NULL),
                 WALDO_EVERSION);
    cr_assert_eq(registry->count, before);
    waldo_registry_unref(registry);
}

Test(registry, all_typeids_of_a_service_or_none)
{
    waldo_registry *registry = new_registry();
    size_t before;

    /* The last of the three is taken. */
    cr_assert_eq(add(registry, &(waldo_registration){.type_id = "FoundShelf"}, NULL), 0);
    before = registry->count;
    cr_assert_eq(waldo_registry_add_service(registry, &shelf, &all_handlers, NULL, NULL),
                 WALDO_EEXIST);
    cr_assert_eq(registry->count, before);
    cr_assert_null(waldo__registry_find(registry, "Shelf"));
    cr_assert_null(waldo__registry_find(registry, "AuditShelf"));
    cr_assert_not_null(waldo__registry_find(registry, "FoundShelf"));
    waldo_registry_unref(registry);
}

/* ---- parents and children (row C1) ---- */

Test(registry, a_child_has_its_parents_types_as_they_were)
{
    waldo_registry *parent = new_registry();

    cr_assert_eq(add(parent, &(waldo_registration){.type_id = "Before"}, NULL), 0);
    waldo_registry *child = waldo_registry_new(parent);
    cr_assert_not_null(child);
    cr_assert_eq(add(child, &(waldo_registration){.type_id = "OfChild"}, NULL), 0);
    cr_assert_eq(add(parent, &(waldo_registration){.type_id = "Later"}, NULL), 0);
    cr_assert_eq(add(child, &(waldo_registration){.type_id = "Before"}, NULL), WALDO_EEXIST);
    cr_assert_null(waldo__registry_find(parent, "OfChild"));
    cr_assert_null(waldo__registry_find(child, "Later"));
    waldo_registry_unref(parent);
    cr_assert_str_eq(waldo__registry_find(child, "Before")->type_id, "Before");
    cr_assert_not_null(waldo__registry_find(child, "Iterator"));
    waldo_registry_unref(child);
}

Test(registry, a_failed_service_leaves_inherited_types_alone)
{
    waldo_registry *parent = new_registry();

    cr_assert_eq(add(parent, &(waldo_registration){.type_id = "AuditShelf"}, NULL), 0);
    waldo_registry *child = waldo_registry_new(parent);
    cr_assert_eq(waldo_registry_add_service(child, &shelf, &all_handlers, NULL, NULL),
                 WALDO_EEXIST);
    cr_assert_eq(waldo__registry_find(child, "AuditShelf"),
                 waldo__registry_find(parent, "AuditShelf"));
    waldo_registry_unref(child);
    cr_assert_not_null(waldo__registry_find(parent, "AuditShelf"));
    waldo_registry_unref(parent);
}

/* ---- shared objects ---- */

static int share(waldo_registry *registry, const char *name, const char *type_id, waldo_error *err)
{
    return waldo_registry_share(registry, name, type_id, waldo_v_none(), err);
}

Test(registry, a_shared_object_exposes_what_its_type_does)
{
    waldo_registry *registry = new_registry();
    int data;

    cr_assert_eq(waldo_registry_add_service(registry, &shelf, &all_handlers, &data, NULL), 0);
    cr_assert_eq(share(registry, "archive", "AuditShelf", NULL), 0);
    cr_assert_eq(share(registry, "found", "FoundShelf", NULL), 0);
    const waldo__type *type = waldo__registry_find(registry, "archive");
    cr_assert_not_null(type);
    cr_assert_str_eq(type->type_id, "archive");
    cr_assert_eq(type->service, &shelf);
    cr_assert_eq(type->ops, &all_handlers);
    cr_assert_eq(type->type_data, &data);
    cr_assert(type->exposed[0] && !type->exposed[1] && type->exposed[2] && !type->exposed[3]);
    cr_assert_str_eq(type->returns[3], "Shelf");
    cr_assert_not_null(type->shared_arguments);
    cr_assert_null(waldo__registry_find(registry, "AuditShelf")->shared_arguments);
    cr_assert_not(waldo__registry_find(registry, "found")->no_create);
    /* A child has it, and has it taken. */
    waldo_registry *child = waldo_registry_new(registry);
    cr_assert_eq(waldo__registry_find(child, "archive"), type);
    cr_assert_eq(share(child, "archive", "Queue", NULL), WALDO_EEXIST);
    waldo_registry_unref(registry);
    waldo_registry_unref(child);
}

static void assert_not_shared(const char *name, const char *type_id, waldo_value *arguments,
                              int code, const char *words)
{
    const handlers without_create = {.no_create = true};
    waldo_registry *registry = new_registry();
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_registry_add(registry, &(waldo_registration){.type_id = "Name"}, &shelf,
                                    &without_create, NULL, NULL),
                 0);
    cr_assert_eq(share(registry, "jobs", "Queue", NULL), 0);
    size_t before = registry->count;
    cr_assert_eq(waldo_registry_share(registry, name, type_id, arguments, &err), code, "%s",
                 err.message);
    cr_assert_str_eq(err.message, words);
    cr_assert_eq(registry->count, before);
    waldo_registry_unref(registry);
}

Test(registry, what_cannot_be_shared)
{
    assert_not_shared("all", NULL, waldo_v_none(), WALDO_EVALUE, "a shared object has a type");
    assert_not_shared("all", "Quue", waldo_v_none(), WALDO_EKEY, "no type 'Quue' is registered");
    assert_not_shared("dict", "Queue", waldo_v_none(), WALDO_EEXIST,
                      "typeid 'dict' is taken by waldo.builtin.Dict");
    assert_not_shared("jobs", "Queue", waldo_v_none(), WALDO_EEXIST,
                      "an object is shared as 'jobs' already");
    assert_not_shared(
        "more jobs", "Queue", waldo_v_none(), WALDO_EVALUE,
        "'more jobs' is no typeid: it must be an identifier, of letters, digits and _");
    assert_not_shared("more", "jobs", waldo_v_none(), WALDO_EVALUE,
                      "'jobs' is a shared object, not a type");
    assert_not_shared("items", "Iterator", waldo_v_none(), WALDO_EVALUE,
                      "'Iterator' has no constructor that could make a shared object");
    assert_not_shared("named", "Name", waldo_v_none(), WALDO_EVALUE,
                      "'Name' has no constructor that could make a shared object");
}

Test(registry, arguments_of_a_shared_object)
{
    waldo_registry *registry = new_registry();
    waldo_error err = WALDO_ERROR_INIT;

    assert_not_shared("all", "Queue", waldo_v_tuple(waldo_v("five")), WALDO_ETYPE,
                      "creation of a shared 'Queue': field 'maxsize' takes an int, not str");
    assert_not_shared("all", "Queue", waldo_v_fields("size", waldo_v(5)), WALDO_ETYPE,
                      "creation of a shared 'Queue': waldo.builtin.QueueArguments got an "
                      "unexpected keyword argument 'size'");
    assert_not_shared("all", "Queue", NULL, WALDO_ENOMEM,
                      "no memory for the arguments, or NULL where waldo_v_none() is meant");
    cr_assert_eq(add(registry, &(waldo_registration){.type_id = "Shelf"}, NULL), 0);
    cr_assert_eq(waldo_registry_share(registry, "all", "Shelf", waldo_v_tuple(waldo_v(1)), &err),
                 WALDO_ETYPE);
    cr_assert_str_eq(err.message, "creation of a shared 'Shelf': no arguments are taken");
    cr_assert_eq(
        waldo_registry_share(registry, "all", "Queue", waldo_v_fields("maxsize", waldo_v(5)), NULL),
        0);
    waldo_registry_unref(registry);
}

Test(registry, references)
{
    waldo_registry *registry = new_registry();

    cr_assert_eq(waldo_registry_ref(registry), registry);
    cr_assert_null(waldo_registry_unref(registry));
    cr_assert_not_null(waldo__registry_find(registry, "Iterator"));
    cr_assert_null(waldo_registry_unref(registry));
    cr_assert_null(waldo_registry_unref(NULL));
}

Test(registry, methods_of_a_service)
{
    cr_assert_eq(waldo__service_find(&shelf, "get"), 0);
    cr_assert_eq(waldo__service_find(&shelf, "twin"), 3);
    cr_assert_eq(waldo__service_find(&shelf, "ge"), -1);
    cr_assert_eq(waldo__service_find(&shelf, ""), -1);
}
