/* State in a server process: its dict and list are used by another process.
 *
 *     def f(d, l):
 *         d[1] = '1'
 *         d['2'] = 2
 *         d[0.25] = None
 *         l.reverse()
 *
 *     if __name__ == '__main__':
 *         with Manager() as manager:
 *             d = manager.dict()
 *             l = manager.list(range(10))
 *             p = Process(target=f, args=(d, l))
 *             p.start()
 *             p.join()
 *             print(d)
 *             print(l)
 */
#include "check.h"

#include <unistd.h>

#include <waldo/server.h>
#include <waldo/waldo.h>

/* The server's address and key are the first two arguments. */
static int connect_to(const waldo_value *arguments, waldo_manager **ret_manager,
                      waldo_error *reterr)
{
    const char *address;
    waldo_manager_options options = {0};
    int status = waldo_value_get_str(waldo_mp_argument(arguments, 0), &address, NULL, reterr);
    if (status >= 0)
        status = waldo_mp_descriptor_from_value(waldo_mp_argument(arguments, 1),
                                                &options.authkey_descriptor, reterr);
    if (status < 0)
        return status;
    status = waldo_connect(address, &options, ret_manager, reterr);
    close(options.authkey_descriptor);
    return status;
}

static int f(const waldo_value *arguments, waldo_error *reterr)
{
    WALDO_AUTO(waldo_manager) manager = NULL;
    WALDO_AUTO(waldo_dict) d = NULL;
    WALDO_AUTO(waldo_list) l = NULL;
    int status = connect_to(arguments, &manager, reterr);
    if (status >= 0)
        status = waldo_dict_from_value(manager, waldo_mp_argument(arguments, 2), &d, reterr);
    if (status >= 0)
        status = waldo_list_from_value(manager, waldo_mp_argument(arguments, 3), &l, reterr);
    if (status >= 0)
        status = waldo_dict_set(d, waldo_v(1), waldo_v("1"), reterr);
    if (status >= 0)
        status = waldo_dict_set(d, waldo_v("2"), waldo_v(2), reterr);
    if (status >= 0)
        status = waldo_dict_set(d, waldo_v(0.25), waldo_v_none(), reterr);
    if (status >= 0)
        status = waldo_list_reverse(l, reterr);
    return status;
}
WALDO_MP_TARGET(f)

static waldo_value *arguments_of(waldo_manager *manager, waldo_dict *d, waldo_list *l)
{
    int key;
    waldo_value *dict, *list;
    check(waldo_manager_share_key(manager, &key, &err));
    check(waldo_proxy_export(waldo_dict_proxy(d), &dict, &err));
    check(waldo_proxy_export(waldo_list_proxy(l), &list, &err));
    waldo_value *arguments = waldo_v_tuple(waldo_v(waldo_manager_address(manager)),
                                           waldo_mp_descriptor_value(key), dict, list);
    close(key);
    return arguments;
}

static void print(waldo_proxy *proxy)
{
    char *text = waldo_proxy_str(proxy);
    printf("%s\n", text);
    free(text);
}

int main(int argc, char **argv)
{
    waldo_mp_freeze_support(argc, argv);

    waldo_manager *manager;
    waldo_dict *d;
    waldo_list *l;
    const int32_t range[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    check(waldo_manager_new(NULL, &manager, &err));
    check(waldo_manager_start(manager, NULL, NULL, &err));
    check(waldo_dict_new(manager, &d, &err));
    check(waldo_list_new_from(manager, waldo_v_array('i', range, 10), &l, &err));

    waldo_mp_process *p;
    check(waldo_mp_process_new(
        &(waldo_mp_process_options){.target = f, .arguments = arguments_of(manager, d, l)}, &p,
        &err));
    check(waldo_mp_process_start(p, &err));
    check(waldo_mp_process_join(p, WALDO_FOREVER, &err));
    waldo_mp_process_unref(p);

    print(waldo_dict_proxy(d));
    print(waldo_list_proxy(l));
    waldo_list_unref(l);
    waldo_dict_unref(d);
    check(waldo_manager_shutdown(manager, &err));
    waldo_manager_unref(manager);
    return 0;
}
