/* Shared objects: one for all who create it, kept to the end of the server. */
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "shared_objects.h"
#include "waldo/builtins.proxy.h"

TestSuite(shared, .init = begin, .timeout = 60);

static waldo_queue *queue_of(waldo_manager *from, const char *name)
{
    waldo_queue *queue;
    must(waldo_queue_from_name(from, name, &queue, &err));
    return queue;
}

static void put(waldo_queue *queue, int64_t number)
{
    must(waldo_queue_put(queue, waldo_v(number), 0, &err));
}

static void gets(waldo_queue *queue, const char *expected)
{
    waldo_value *item;
    must(waldo_queue_get(queue, 0, &item, &err));
    prints(item, expected);
}

/* ---- one object ---- */

Test(shared, is_the_same_for_all)
{
    waldo_manager *other = live_connect();
    waldo_queue *here = queue_of(manager, "jobs"), *there = queue_of(other, "jobs");
    cr_assert_str_eq(waldo_proxy_typeid(waldo_queue_proxy(there)), "jobs");
    cr_assert_eq(waldo_proxy_object(waldo_queue_proxy(here)),
                 waldo_proxy_object(waldo_queue_proxy(there)));
    cr_assert_eq(objects(), 1);
    put(here, 23);
    gets(there, "23");
    waldo_queue_unref(here);
    cr_assert_eq(objects(), 1);
    waldo_queue_unref(there);
    waldo_manager_unref(other);
    live_end();
}

Test(shared, survives_its_clients)
{
    waldo_manager *other = live_connect();
    waldo_queue *queue = queue_of(other, "jobs");
    uint64_t object = waldo_proxy_object(waldo_queue_proxy(queue));
    put(queue, 1);
    waldo_queue_unref(queue);
    waldo_manager_unref(other);
    while (objects() > 0)
        sched_yield();
    queue = queue_of(manager, "jobs");
    cr_assert_eq(waldo_proxy_object(waldo_queue_proxy(queue)), object);
    gets(queue, "1");
    waldo_queue_unref(queue);
    live_end();
}

Test(shared, each_name_is_another_object)
{
    waldo_queue *jobs = queue_of(manager, "jobs"), *slot = queue_of(manager, "slot"), *own;
    must(waldo_queue_new(manager, 0, &own, &err));
    cr_assert_eq(objects(), 3);
    /* Its constructor got what was registered. */
    put(slot, 1);
    must_fail(waldo_queue_put(slot, waldo_v(2), 0, &err), WALDO_EFULL);
    put(jobs, 1);
    put(jobs, 2);
    cr_assert_eq(must(waldo_queue_empty(own, &err)), 1);
    waldo_queue_unref(jobs);
    waldo_queue_unref(slot);
    waldo_queue_unref(own);
    live_end();
}

Test(shared, also_where_clients_cannot_create_the_type)
{
    waldo_proxy *secret, *none = NULL;
    must_fail(waldo_proxy_create(manager, "Secret", waldo_v_none(), &none, &err), WALDO_EATTRIBUTE);
    secret = proxy_of(manager, "secret");
    waldo_proxy_unref(secret);
    live_end();
}

Test(shared, a_server_has_its_own)
{
    waldo_registry *registry = new_registry();
    waldo_server_options options = {.authkey = "key", .authkey_size = 3};
    waldo_server *first = server, *second;
    pthread_t second_thread;
    must(waldo_server_new(registry, &options, &second, &err));
    waldo_registry_unref(registry);
    must(waldo_server_listen(second, "tcp://127.0.0.1:0", NULL, &err));
    cr_assert_eq(pthread_create(&second_thread, NULL, live_serve, second), 0);
    server = second;
    waldo_manager *other = live_connect();
    server = first;
    waldo_queue *here = queue_of(manager, "jobs"), *there = queue_of(other, "jobs");
    put(here, 1);
    cr_assert_eq(must(waldo_queue_empty(there, &err)), 1);
    waldo_queue_unref(here);
    waldo_queue_unref(there);
    waldo_manager_unref(other);
    waldo_server_stop(second);
    pthread_join(second_thread, NULL);
    waldo_server_free(second);
    live_end();
}

/* Objects that it holds, and those that hold it, end with it. */
Test(shared, ends_with_the_server)
{
    waldo_dict *names;
    waldo_proxy *thing = proxy_of(manager, "thing"), *again;
    must(waldo_dict_from_name(manager, "names", &names, &err));
    must(waldo_dict_get_or_create(names, waldo_v("list"), "list", waldo_v_none(), &again, &err));
    waldo_proxy_unref(again);
    must(waldo_dict_get_or_create(names, waldo_v("thing"), "thing", waldo_v_none(), &again, &err));
    cr_assert_eq(waldo_proxy_object(again), waldo_proxy_object(thing));
    waldo_proxy_unref(again);
    waldo_proxy_unref(thing);
    waldo_dict_unref(names);
    waldo_manager_unref(manager);
    waldo_server_stop(server);
    pthread_join(server_thread, NULL);
    cr_assert_eq(destroyed, 0);
    waldo_server_free(server);
    cr_assert_eq(made, 1);
    cr_assert_eq(destroyed, 1);
}

/* ---- what is not given ---- */

static void takes_none(waldo_value *arguments)
{
    waldo_proxy *none = NULL;
    must_fail(waldo_proxy_create(manager, "jobs", arguments, &none, &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "no arguments are taken");
    cr_assert_null(none);
}

Test(shared, takes_no_arguments)
{
    Waldo__Builtin__QueueArguments arguments = WALDO__BUILTIN__QUEUE_ARGUMENTS__INIT;
    waldo_proxy *proxy = NULL;
    takes_none(waldo_v_tuple(waldo_v(5)));
    takes_none(waldo_v_fields("maxsize", waldo_v(5)));
    arguments.maxsize = 5;
    must_fail(
        waldo_proxy_new(manager, &waldo_builtin_queue_type, "jobs", &arguments.base, &proxy, &err),
        WALDO_ETYPE);
    cr_assert_str_eq(err.message, "no arguments are taken");
    cr_assert_null(proxy);
    /* These are none. */
    must(waldo_proxy_create(manager, "jobs", waldo_v_tuple(), &proxy, &err));
    waldo_proxy_unref(proxy);
    must(waldo_proxy_create(manager, "jobs", waldo_v_dict(), &proxy, &err));
    waldo_proxy_unref(proxy);
    live_end();
}

Test(shared, as_another_type)
{
    waldo_dict *none = NULL;
    must_fail(waldo_dict_from_name(manager, "jobs", &none, &err), WALDO_ETYPE);
    must_fail(waldo_dict_from_name(manager, "nothing", &none, &err), WALDO_EKEY);
    cr_assert_str_eq(err.message, "this server shares no object 'nothing'");
    /* Nobody else would be there. */
    must_fail(waldo_dict_from_name(manager, "dict", &none, &err), WALDO_EKEY);
    cr_assert_str_eq(err.message, "this server shares no object 'dict', which is a type");
    must_fail(waldo_dict_from_name(manager, NULL, &none, &err), WALDO_EVALUE);
    must_fail(waldo_dict_from_name(manager, "", &none, &err), WALDO_EVALUE);
    cr_assert_eq(objects(), 0);
    cr_assert_null(none);
    live_end();
}

Test(shared, is_listed_and_described)
{
    char **offered;
    waldo_type_info *info;
    bool found = false;
    must(waldo_manager_typeids(manager, &offered, &err));
    for (char **one = offered; *one; one++)
        found = found || strcmp(*one, "jobs") == 0;
    free(offered);
    cr_assert(found);
    must(waldo_manager_describe(manager, "jobs", &info, &err));
    cr_assert_str_eq(info->type_id, "jobs");
    cr_assert_str_eq(info->service, "waldo.builtin.Queue");
    found = false;
    for (size_t i = 0; i < info->method_count; i++)
        found = found || strcmp(info->methods[i].name, "get_nowait") == 0;
    cr_assert(found);
    waldo_type_info_free(info);
    live_end();
}

/* ---- as any other object ---- */

Test(shared, in_a_batch_and_by_a_future)
{
    waldo_batch *batch;
    waldo_future *future;
    waldo_proxy *created, *later;
    waldo_queue *jobs = queue_of(manager, "jobs");
    uint64_t object = waldo_proxy_object(waldo_queue_proxy(jobs));
    must(waldo_batch_new(manager, &batch, &err));
    int made_there = waldo_batch_create(batch, "jobs", waldo_v_none(), &err);
    waldo_batch_call_on(batch, made_there, "put", waldo_v_tuple(waldo_v("from a batch")), &err);
    cr_assert_eq(must(waldo_batch_run(batch, 0, &err)), 0);
    must(waldo_batch_proxy(batch, made_there, &created, &err));
    cr_assert_eq(waldo_proxy_object(created), object);
    gets(jobs, "'from a batch'");
    must(waldo_create_async(manager, "jobs", waldo_v_none(), &future, &err));
    must(waldo_future_proxy(future, 20, &later, &err));
    cr_assert_eq(waldo_proxy_object(later), object);
    waldo_future_unref(future);
    waldo_proxy_unref(later);
    waldo_proxy_unref(created);
    waldo_batch_unref(batch);
    waldo_queue_unref(jobs);
    live_end();
}

Test(shared, in_a_value_and_in_a_child)
{
    waldo_manager *other = live_connect();
    waldo_queue *jobs = queue_of(manager, "jobs"), *passed;
    waldo_value *token;
    must(waldo_proxy_to_value(waldo_queue_proxy(jobs), &token, &err));
    must(waldo_queue_from_value(other, token, &passed, &err));
    waldo_value_unref(token);
    put(passed, 5);
    gets(jobs, "5");
    pid_t child = fork();
    if (child == 0)
        _exit(waldo_queue_put(jobs, waldo_v("from a child"), 0, NULL) < 0);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    gets(passed, "'from a child'");
    waldo_queue_unref(jobs);
    waldo_queue_unref(passed);
    waldo_manager_unref(other);
    while (objects() > 0)
        sched_yield();
    live_end();
}

/* ---- rights ---- */

static void write_key(const char *path, const char *text)
{
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
}

Test(shared, rights_are_those_of_its_name, .init = NULL)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/waldo-test-%d.keys", (int)getpid());
    write_key(path, "key worker AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= create=jobs "
                    "call=jobs list\n");
    serve_with((waldo_server_options){.authkey_file = path});
    waldo_manager_options options = {.authkey_file = path};
    waldo_queue *none = NULL;
    must(waldo_connect(waldo_server_address(server), &options, &manager, &err));
    unlink(path);
    waldo_queue *jobs = queue_of(manager, "jobs");
    put(jobs, 1);
    gets(jobs, "1");
    must_fail(waldo_queue_new(manager, 0, &none, &err), WALDO_EPERMISSION);
    must_fail(waldo_queue_from_name(manager, "slot", &none, &err), WALDO_EPERMISSION);
    waldo_queue_unref(jobs);
    live_end();
}
