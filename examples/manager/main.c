/* The program of Python's manual that shares a dict and a list with another process:
 *
 *     def f(d, l):
 *         d[1] = '1'
 *         d['2'] = 2
 *         d[0.25] = None
 *         l.reverse()
 *
 *     with Manager() as manager:
 *         d = manager.dict()
 *         l = manager.list(range(10))
 *         p = Process(target=f, args=(d, l))
 *         p.start()
 *         p.join()
 *         print(d)
 *         print(l)
 *
 * The other process is this program, started anew. It gets the server's address and key on its
 * command line, the key as a descriptor that it inherits, and its arguments on its stdin. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <waldo/server.h>
#include <waldo/waldo.h>

static waldo_error error;

static void check(int status)
{
    if (status < 0) {
        waldo_error_print(&error, stderr);
        exit(1);
    }
}

static void require(bool condition, const char *what)
{
    if (!condition) {
        perror(what);
        exit(1);
    }
}

/* ---- the worker ---- */

static void f(waldo_dict *d, waldo_list *l)
{
    check(waldo_dict_set(d, waldo_v(1), waldo_v("1"), &error));
    check(waldo_dict_set(d, waldo_v("2"), waldo_v(2), &error));
    check(waldo_dict_set(d, waldo_v(0.25), waldo_v_none(), &error));
    check(waldo_list_reverse(l, &error));
}

/* A packed tuple, as start_worker wrote it. */
static waldo_value *read_arguments(void)
{
    static uint8_t data[4096];
    size_t size = fread(data, 1, sizeof data, stdin);
    waldo_value *arguments;
    check(waldo_value_unpack(data, size, &arguments, &error));
    return arguments;
}

static int work(const char *address, const char *key)
{
    waldo_manager_options options = {.authkey_descriptor = (int)strtol(key, NULL, 10)};
    waldo_manager *manager;
    waldo_dict *d;
    waldo_list *l;
    waldo_value *arguments = read_arguments(), *item;
    check(waldo_connect(address, &options, &manager, &error));
    check(waldo_value_item(arguments, 0, &item, &error));
    check(waldo_dict_from_value(manager, item, &d, &error));
    waldo_value_unref(item);
    check(waldo_value_item(arguments, 1, &item, &error));
    check(waldo_list_from_value(manager, item, &l, &error));
    waldo_value_unref(item);
    waldo_value_unref(arguments);

    f(d, l);

    waldo_list_unref(l);
    waldo_dict_unref(d);
    waldo_manager_unref(manager);
    return 0;
}

/* ---- the parent ---- */

/* Proxies travel in values; each keeps its object until somebody has made a proxy of it. */
static void send_arguments(int descriptor, waldo_dict *d, waldo_list *l)
{
    waldo_value *dict, *list;
    check(waldo_proxy_export(waldo_dict_proxy(d), &dict, &error));
    check(waldo_proxy_export(waldo_list_proxy(l), &list, &error));
    waldo_value *arguments = waldo_v_tuple(dict, list);
    require(arguments, "memory for the arguments");
    uint8_t *data;
    size_t size;
    check(waldo_value_pack(arguments, &data, &size, &error));
    require(write(descriptor, data, size) == (ssize_t)size, "write");
    free(data);
    waldo_value_unref(arguments);
}

static pid_t start_worker(waldo_manager *manager, waldo_dict *d, waldo_list *l)
{
    int key, ends[2];
    pid_t process;
    posix_spawn_file_actions_t actions;
    char descriptor[16];
    check(waldo_manager_share_key(manager, &key, &error));
    snprintf(descriptor, sizeof descriptor, "%d", key);
    char *arguments[] = {"manager", (char *)waldo_manager_address(manager), descriptor, NULL};
    require(pipe(ends) == 0, "pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    require(posix_spawn(&process, "/proc/self/exe", &actions, NULL, arguments, environ) == 0,
            "posix_spawn");
    posix_spawn_file_actions_destroy(&actions);
    close(key);
    close(ends[0]);
    send_arguments(ends[1], d, l);
    close(ends[1]);
    return process;
}

static void print(waldo_proxy *proxy)
{
    char *text = waldo_proxy_str(proxy);
    require(text, "memory for a text");
    puts(text);
    free(text);
}

static waldo_value *range(int64_t count)
{
    waldo_value *list = waldo_v_list();
    require(list, "memory for a list");
    for (int64_t i = 0; i < count; i++)
        check(waldo_value_list_append(list, waldo_v(i), &error));
    return list;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return work(argv[1], argv[2]);
    waldo_manager *manager;
    waldo_dict *d;
    waldo_list *l;
    check(waldo_manager_new(NULL, &manager, &error));
    check(waldo_manager_start(manager, NULL, NULL, &error));
    check(waldo_dict_new(manager, &d, &error));
    check(waldo_list_new_from(manager, range(10), &l, &error));

    int ended;
    pid_t worker = start_worker(manager, d, l);
    require(waitpid(worker, &ended, 0) == worker && ended == 0, "the worker");

    print(waldo_dict_proxy(d));
    print(waldo_list_proxy(l));

    waldo_list_unref(l);
    waldo_dict_unref(d);
    check(waldo_manager_shutdown(manager, &error));
    waldo_manager_unref(manager);
    return 0;
}
