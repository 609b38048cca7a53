/* Rows C1 to C11: what a registry takes. What clients see of it is in tools/conformance. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "trial.service.h"
#include "trial/types.h"

TestSuite(registry, .init = harness_begin, .fini = harness_clean_up, .timeout = 60);

static int f(void *self, waldo_call *call, Trial__Blob *result)
{
    (void)self;
    (void)call;
    (void)result;
    return 0;
}

static int quiet(void *self, waldo_call *call)
{
    (void)self;
    (void)call;
    return 0;
}

static const struct trial_foo_ops foo_ops = {.f = f, .g = quiet, ._h = f};

static int add_foo(waldo_registry *registry, const waldo_registration *registration)
{
    return waldo_registry_add(registry, registration, &trial_foo_service, &foo_ops, NULL, &err);
}

Row(registry, C1_a_child_does_not_change_its_parent)
{
    waldo_registry *parent = waldo_registry_new(NULL);
    must(trial_foo_register(parent, &foo_ops, NULL, &err));
    waldo_registry *child = waldo_registry_new(parent);
    waldo_registration own = {.type_id = "Own"}, inherited = {.type_id = "Foo"};
    must(add_foo(child, &own));
    must_fail(add_foo(child, &own), WALDO_EEXIST);
    must_fail(add_foo(child, &inherited), WALDO_EEXIST);
    /* In the parent there is no such type: this is its first. */
    must(add_foo(parent, &own));
    waldo_registration late = {.type_id = "Late"};
    must(add_foo(parent, &late));
    must(add_foo(child, &late));
    waldo_registry_unref(parent);
    must_fail(add_foo(child, &inherited), WALDO_EEXIST);
    waldo_registry_unref(child);
}

Row(registry, C4_exposed_names_must_be_methods)
{
    static const char *const names[] = {"f", "no_such_method", NULL};
    waldo_registry *registry = waldo_registry_new(NULL);
    waldo_registration wrong = {.type_id = "Wrong", .exposed = names};
    must_fail(add_foo(registry, &wrong), WALDO_EVALUE);
    cr_assert_not_null(strstr(err.message, "no_such_method"));
    cr_assert_not_null(strstr(err.message, "Wrong"));
    waldo_registration nameless = {0}, odd = {.type_id = "has space"};
    must_fail(add_foo(registry, &nameless), WALDO_EVALUE);
    must_fail(add_foo(registry, &odd), WALDO_EVALUE);
    waldo_registry_unref(registry);
}

Row(registry, C4_exposed_methods_need_a_handler)
{
    const struct trial_foo_ops lacking = {.f = f};
    waldo_registry *registry = waldo_registry_new(NULL);
    waldo_registration all = {.type_id = "All"};
    must_fail(waldo_registry_add(registry, &all, &trial_foo_service, &lacking, NULL, &err),
              WALDO_EVALUE);
    cr_assert_not_null(strstr(err.message, "trial.Foo.g"));
    static const char *const only_f[] = {"f", NULL};
    waldo_registration some = {.type_id = "Some", .exposed = only_f};
    must(waldo_registry_add(registry, &some, &trial_foo_service, &lacking, NULL, &err));
    /* All of a service's typeids or none: Bar wants _h. */
    must_fail(trial_foo_register(registry, &lacking, NULL, &err), WALDO_EVALUE);
    must(trial_foo_register(registry, &foo_ops, NULL, &err));
    waldo_registry_unref(registry);
}

static int make(void *self, waldo_call *call, const Trial__Number *arguments,
                waldo_export *ret_proxy)
{
    (void)self;
    (void)call;
    (void)arguments;
    (void)ret_proxy;
    return 0;
}

static int me(void *self, waldo_call *call, waldo_export *ret_proxy)
{
    (void)self;
    (void)call;
    (void)ret_proxy;
    return 0;
}

Row(registry, C8_method_to_typeid_is_checked)
{
    static const waldo_method_to_typeid bad[][2] = {{{"no_such_method", "Counter"}, {NULL, NULL}},
                                                    {{"make", NULL}, {NULL, NULL}},
                                                    {{"make", "no typeid"}, {NULL, NULL}}};
    static const struct trial_maker_ops ops = {
        .make = make, .build = make, .me = me, .same = me, .nothing = me};
    waldo_registry *registry = waldo_registry_new(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        waldo_registration one = {.type_id = "Wrong", .method_to_typeid = bad[i]};
        must_fail(waldo_registry_add(registry, &one, &trial_maker_service, &ops, NULL, &err),
                  WALDO_EVALUE);
    }
    static const waldo_method_to_typeid no_proxy[] = {{"f", "Counter"}, {NULL, NULL}};
    waldo_registration one = {.type_id = "Wrong", .method_to_typeid = no_proxy};
    must_fail(add_foo(registry, &one), WALDO_EVALUE);
    waldo_registry_unref(registry);
}

Row(registry, C11_modules)
{
    waldo_registry *registry = waldo_registry_new(NULL);
    must_fail(waldo_registry_load(registry, "/no/such/module.so", &err), WALDO_EMODULE);
    must_fail(waldo_registry_load(registry, WALDOD, &err), WALDO_EMODULE);
    must(waldo_registry_load(registry, CONFORMANCE_TYPES, &err));
    must_fail(waldo_registry_load(registry, CONFORMANCE_TYPES, &err), WALDO_EEXIST);
    waldo_registration taken = {.type_id = "Foo"};
    must_fail(add_foo(registry, &taken), WALDO_EEXIST);
    waldo_registry_unref(registry);
}
