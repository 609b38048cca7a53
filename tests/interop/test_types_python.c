/* The builtin types against python3: a random sequence of operations on objects of a server,
 * written down with what came back; types_oracle.py does the same to Python's own types. Skipped
 * where there is no python3. WALDO_SEED in the environment repeats a sequence. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <waldo/server.h>

#include "random_arguments.h"

enum { OPERATIONS = 110000, OBJECTS = 24, LIFE = 300 };

/* A method, what it takes (see random_arguments.h), and how often it is called. */
struct operation {
    const char *method;
    const char *arguments;
    unsigned weight;
};

struct subject {
    const char *type_id;
    const struct operation
        *operations; /* the first one makes the object; ends with a NULL method */
};

static const struct operation list_operations[] = {
    {"new", "?I", 1},        {"__add__", "L", 2},      {"__contains__", "v", 3},
    {"__delitem__", "x", 3}, {"__getitem__", "x", 6},  {"__imul__", "n", 1},
    {"__len__", "", 2},      {"__mul__", "n", 1},      {"__reversed__", "", 1},
    {"__rmul__", "n", 1},    {"__setitem__", "iv", 4}, {"__setitem__", "sI", 4},
    {"append", "v", 8},      {"clear", "", 1},         {"copy", "", 2},
    {"count", "v", 3},       {"extend", "I", 3},       {"index", "v?i?i", 4},
    {"insert", "iv", 5},     {"pop", "?i", 5},         {"pop_many", "s", 2},
    {"remove", "v", 4},      {"reverse", "", 2},       {"sort", "O", 3},
    {"#repr", "", 2},        {NULL, NULL, 0},
};

/* The same with ints only, which have an order. */
static const struct operation ints_operations[] = {
    {"new", "k", 1},          {"append", "d", 8}, {"insert", "id", 4},  {"extend", "k", 3},
    {"sort", "o", 5},         {"remove", "d", 4}, {"index", "d?i", 3},  {"pop", "?i", 4},
    {"__setitem__", "id", 4}, {"reverse", "", 1}, {"pop_many", "s", 2}, {"#repr", "", 2},
    {"clear", "", 1},         {NULL, NULL, 0},
};

static const struct operation set_operations[] = {
    {"new", "?I", 1},
    {"__and__", "S", 2},
    {"__class_getitem__", "d", 1},
    {"__contains__", "v", 4},
    {"__iand__", "S", 1},
    {"__ior__", "S", 2},
    {"__isub__", "S", 1},
    {"__iter__", "", 1},
    {"__ixor__", "S", 1},
    {"__len__", "", 2},
    {"__or__", "S", 2},
    {"__rand__", "S", 1},
    {"__ror__", "S", 1},
    {"__rsub__", "S", 1},
    {"__rxor__", "S", 1},
    {"__sub__", "S", 2},
    {"__xor__", "S", 2},
    {"__ge__", "S", 1},
    {"__gt__", "S", 1},
    {"__le__", "S", 1},
    {"__lt__", "S", 1},
    {"add", "v", 10},
    {"clear", "", 1},
    {"copy", "", 2},
    {"difference", "*", 2},
    {"difference_update", "*", 1},
    {"discard", "v", 4},
    {"intersection", "*", 2},
    {"intersection_update", "*", 1},
    {"isdisjoint", "I", 2},
    {"issubset", "I", 2},
    {"issuperset", "I", 2},
    {"pop", "", 3},
    {"remove", "v", 4},
    {"symmetric_difference", "I", 2},
    {"symmetric_difference_update", "I", 2},
    {"union", "*", 2},
    {"update", "*", 4},
    {"#repr", "", 2},
    {NULL, NULL, 0},
};

static const struct operation value_operations[] = {
    {"new", "tv", 1},      {"get", "", 4},       {"set", "v", 4},
    {"fetch_add", "d", 4}, {"exchange", "v", 2}, {"compare_and_set", "dv", 3},
    {"#repr", "", 2},      {NULL, NULL, 0},
};

static const struct operation array_operations[] = {
    {"new", "ta", 1},         {"__len__", "", 2},       {"__getitem__", "x", 6},
    {"__setitem__", "id", 6}, {"__setitem__", "sA", 4}, {"__setitem__", "xv", 1},
    {"#repr", "", 3},         {NULL, NULL, 0},
};

static const struct operation dict_operations[] = {
    {"new", "?p", 1},        {"__contains__", "v", 3},  {"__delitem__", "v", 3},
    {"__getitem__", "v", 5}, {"__ior__", "p", 2},       {"__iter__", "", 1},
    {"__len__", "", 2},      {"__or__", "D", 2},        {"__reversed__", "", 1},
    {"__ror__", "D", 1},     {"__setitem__", "vv", 10}, {"clear", "", 1},
    {"copy", "", 2},         {"fromkeys", "I?v", 2},    {"get", "v?v", 4},
    {"items", "", 1},        {"keys", "", 1},           {"pop", "v?v", 4},
    {"popitem", "", 3},      {"setdefault", "v?v", 4},  {"update", "p", 4},
    {"update", "w", 2},      {"values", "", 1},         {"#repr", "", 2},
    {NULL, NULL, 0},
};

static const struct operation namespace_operations[] = {
    {"new", "w", 1},          {"__getattribute__", "m", 6},
    {"__setattr__", "mv", 6}, {"__delattr__", "m", 3},
    {"#repr", "", 3},         {NULL, NULL, 0},
};

/* None of them waits. */
static const struct operation queue_operations[] = {
    {"new", "q", 1},      {"put_nowait", "v", 8}, {"put", "vf", 3}, {"get_nowait", "", 5},
    {"get", "f", 3},      {"qsize", "", 2},       {"empty", "", 2}, {"full", "", 2},
    {"task_done", "", 6}, {"put", "vfT", 1},      {"get", "fT", 1}, {NULL, NULL, 0},
};

static const struct subject subjects[] = {
    {"dict", dict_operations},   {"Namespace", namespace_operations},
    {"Queue", queue_operations}, {"JoinableQueue", queue_operations},
    {"list", list_operations},   {"list", ints_operations},
    {"set", set_operations},     {"Value", value_operations},
    {"Array", array_operations},
};

enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

/* ---- Doing it, and writing down what came of it ---- */

struct object {
    const struct subject *subject;
    waldo_proxy *proxy; /* NULL: to be made */
    int number;
};

static waldo_manager *manager;
static FILE *out;

static void write_repr(const waldo_value *value)
{
    char *text = waldo_value_repr(value);
    cr_assert_not_null(text);
    fputs(text, out);
    free(text);
}

static waldo_value *drain(waldo_proxy *iterator)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_value *items = waldo_v_list();
    waldo_value *item = NULL;
    int status;
    while ((status = waldo_proxy_next(iterator, &item, &err)) == 1)
        cr_assert(waldo_value_list_append(items, item, &err) >= 0);
    cr_assert_eq(status, 0, "%s", err.message);
    cr_assert_eq(waldo_proxy_next(iterator, &item, &err), 0, "exhausted stays exhausted");
    return items;
}

static void write_proxy(const struct object *object, const waldo_value *value)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_proxy *proxy = NULL;
    cr_assert(waldo_proxy_from_value(manager, value, &proxy, &err) >= 0, "%s", err.message);
    if (waldo_proxy_object(proxy) == waldo_proxy_object(object->proxy)) {
        fputs("S\tNone", out);
    } else {
        waldo_value *items = drain(proxy);
        fputs("I\t", out);
        write_repr(items);
        waldo_value_unref(items);
    }
    waldo_proxy_unref(proxy);
}

static void write_outcome(const struct object *object, int status, const waldo_value *result,
                          const waldo_error *err)
{
    if (status < 0) {
        fprintf(out, "E\t%s %s\n", err->type_name, err->message);
        return;
    }
    if (waldo_value_kind(result) == WALDO_KIND_PROXY) {
        write_proxy(object, result);
    } else {
        fputs("V\t", out);
        write_repr(result);
    }
    fputc('\n', out);
}

static int make(struct object *object, waldo_value *arguments, waldo_value **ret_result,
                waldo_error *err)
{
    int status =
        waldo_proxy_create(manager, object->subject->type_id, arguments, &object->proxy, err);
    if (status >= 0)
        *ret_result = waldo_v_none();
    return status;
}

/* An operation whose result is the repr itself. */
static void write_str(const struct object *object)
{
    char *text = waldo_proxy_str(object->proxy);
    cr_assert_not_null(text);
    fprintf(out, "()\tV\t%s\n", text);
    free(text);
}

static const struct operation *choose(const struct subject *subject)
{
    unsigned total = 0;
    for (const struct operation *one = subject->operations + 1; one->method; one++)
        total += one->weight;
    unsigned at = random_below(total);
    const struct operation *chosen = subject->operations + 1;
    while (at >= chosen->weight)
        at -= (chosen++)->weight;
    return chosen;
}

static void operate(struct object *object)
{
    static int objects;
    bool is_new = object->proxy == NULL;
    const struct operation *operation =
        is_new ? object->subject->operations : choose(object->subject);
    if (is_new)
        object->number = ++objects;
    fprintf(out, "%d\t%s\t%s\t", object->number, object->subject->type_id, operation->method);
    if (strcmp(operation->method, "#repr") == 0) {
        write_str(object);
        return;
    }
    waldo_value *arguments = random_arguments(operation->arguments);
    cr_assert_not_null(arguments);
    write_repr(arguments);
    fputc('\t', out);
    waldo_error err = WALDO_ERROR_INIT;
    waldo_value *result = NULL;
    int status = is_new
                     ? make(object, arguments, &result, &err)
                     : waldo_proxy_call(object->proxy, operation->method, arguments, &result, &err);
    write_outcome(object, status, result, &err);
    waldo_value_unref(result);
}

/* ---- The server, and Python ---- */

static void *serve(void *server)
{
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_eq(waldo_server_serve_forever(server, &err), 0, "%s", err.message);
    return NULL;
}

/* The exit status of python3 with these arguments; 127: there is none. */
static int run_python(char *const arguments[])
{
    pid_t child;
    int status;
    if (posix_spawnp(&child, "python3", NULL, NULL, arguments, environ) != 0)
        return 127;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void operate_on_all(void)
{
    struct object all[OBJECTS] = {0};
    for (int i = 0; i < OBJECTS; i++)
        all[i].subject = &subjects[i % SUBJECTS];
    for (int i = 0; i < OPERATIONS; i++) {
        struct object *one = &all[random_below(OBJECTS)];
        if (random_below(LIFE) == 0)
            one->proxy = waldo_proxy_unref(one->proxy);
        operate(one);
    }
    for (int i = 0; i < OBJECTS; i++)
        waldo_proxy_unref(all[i].proxy);
}

static uint64_t seed_of_today(void)
{
    const char *given = getenv("WALDO_SEED");
    return given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
}

Test(types_python, python_agrees, .timeout = 600)
{
    if (run_python((char *[]){"python3", "-c", "pass", NULL}) != 0)
        cr_skip("no python3");
    uint64_t seed = seed_of_today();
    random_seed(seed);
    printf("WALDO_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    char path[] = "/tmp/waldo-operations-XXXXXX";
    int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0);
    out = fdopen(descriptor, "w");
    cr_assert_not_null(out);

    waldo_error err = WALDO_ERROR_INIT;
    waldo_server *server = NULL;
    const char *address = NULL;
    pthread_t thread;
    cr_assert(waldo_server_new(NULL, NULL, &server, &err) >= 0, "%s", err.message);
    char url[64];
    snprintf(url, sizeof url, "ipc:///tmp/waldo-types-%d.sock", (int)getpid());
    cr_assert(waldo_server_listen(server, url, &address, &err) >= 0, "%s", err.message);
    cr_assert_eq(pthread_create(&thread, NULL, serve, server), 0);
    cr_assert(waldo_connect(address, NULL, &manager, &err) >= 0, "%s", err.message);
    operate_on_all();
    uint64_t left = 1;
    cr_assert(waldo_manager_number_of_objects(manager, &left, &err) >= 0);
    cr_assert_eq(left, 0);
    waldo_server_stop(server);
    pthread_join(thread, NULL);
    waldo_manager_unref(manager);
    waldo_server_free(server);
    cr_assert_eq(fclose(out), 0);

    int status = run_python((char *[]){"python3", TYPES_ORACLE, path, NULL});
    if (status == 0)
        unlink(path);
    cr_assert_eq(status, 0, "see above, and %s", path);
}
