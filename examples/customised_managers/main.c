/* The "customized managers" program of Python's manual, in C: a manager with types of its own,
 * whose objects live in a server process. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/waldo.h>

#include "types.h"

#include "demo.proxy.h"

/* Errors end this program; so one place is enough to report them. */
static waldo_error error;

static void check(int status, const char *what)
{
    if (status >= 0)
        return;
    fprintf(stderr, "%s: ", what);
    waldo_error_print(&error, stderr);
    exit(1);
}

static void require(int truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "assertion failed: %s\n", what);
    exit(1);
}

static void print_line(void)
{
    puts("--------------------");
}

/* assert sorted(proxy._exposed_) == sorted([...]) */
static void require_exposed(waldo_proxy *proxy, const char *first, const char *second)
{
    const char *const *names = waldo_proxy_exposed(proxy);
    require(names[0] && strcmp(names[0], first) == 0, first);
    require(names[1] && strcmp(names[1], second) == 0, second);
    require(names[2] == NULL, "nothing else is exposed");
}

/* assert not hasattr(proxy, method): the typed proxy has no such function, and the server refuses
 * the call all the same. */
static void require_hidden(waldo_proxy *proxy, const char *method)
{
    waldo_value *result;
    waldo_error refusal;
    int status = waldo_proxy_call(proxy, method, waldo_v_none(), &result, &refusal);
    require(status == WALDO_EATTRIBUTE, "a hidden method is refused");
}

static void use_foo1(waldo_manager *manager)
{
    demo_foo1 *f1;
    check(demo_foo1_new(manager, &f1, &error), "Foo1()");
    check(demo_foo1_f(f1, &error), "f1.f()");
    check(demo_foo1_g(f1, &error), "f1.g()");
    require_hidden(demo_foo1_proxy(f1), "_h");
    require_exposed(demo_foo1_proxy(f1), "f", "g");
    demo_foo1_unref(f1);
}

static void use_foo2(waldo_manager *manager)
{
    demo_foo2 *f2;
    check(demo_foo2_new(manager, &f2, &error), "Foo2()");
    check(demo_foo2_g(f2, &error), "f2.g()");
    check(demo_foo2__h(f2, &error), "f2._h()");
    require_hidden(demo_foo2_proxy(f2), "f");
    require_exposed(demo_foo2_proxy(f2), "_h", "g");
    demo_foo2_unref(f2);
}

static void use_baz(waldo_manager *manager)
{
    demo_baz *it;
    int status;
    check(demo_baz_new(manager, &it, &error), "baz()");
    const char *separator = "";
    WALDO_FOR_EACH(demo_baz, it, square, &status, &error) {
        printf("%s<%" PRId64 ">", separator, square->number);
        separator = " ";
    }
    puts("");
    check(status, "next(it)");
    demo_baz_unref(it);
}

/* Any method can be called by name, with values. */
static void print_result(waldo_proxy *op, const char *method, int64_t left, int64_t right)
{
    waldo_value *result;
    check(
        waldo_proxy_call(op, method, waldo_v_tuple(waldo_v(left), waldo_v(right)), &result, &error),
        method);
    char *text = waldo_value_repr(result);
    require(text != NULL, "memory for a text");
    printf("op.%s(%" PRId64 ", %" PRId64 ") = %s\n", method, left, right, text);
    free(text);
    waldo_value_unref(result);
}

static void use_operator(waldo_manager *manager)
{
    demo_operator *op;
    check(demo_operator_new(manager, &op, &error), "operator()");
    print_result(demo_operator_proxy(op), "add", 23, 45);
    print_result(demo_operator_proxy(op), "pow", 2, 94);
    printf("op._exposed_ = (");
    const char *const *names = waldo_proxy_exposed(demo_operator_proxy(op));
    for (size_t i = 0; names[i]; i++)
        printf("%s'%s'", i > 0 ? ", " : "", names[i]);
    puts(")");
    demo_operator_unref(op);
}

int main(void)
{
    /* The handlers print in the server process: each line at once, so that the order is kept. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);

    waldo_registry *registry = my_manager_types(&error);
    check(registry ? 0 : WALDO_ENOMEM, "the types");
    waldo_manager_options options = {.registry = registry};
    waldo_manager *manager;
    check(waldo_manager_new(&options, &manager, &error), "MyManager()");
    check(waldo_manager_start(manager, NULL, NULL, &error), "manager.start()");

    print_line();
    use_foo1(manager);
    print_line();
    use_foo2(manager);
    print_line();
    use_baz(manager);
    print_line();
    use_operator(manager);
    print_line();

    check(waldo_manager_shutdown(manager, &error), "manager.shutdown()");
    waldo_manager_unref(manager);
    waldo_registry_unref(registry);
    return 0;
}
