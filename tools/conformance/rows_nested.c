/* Rows D11 to D15: proxies in containers. */
#include <stdlib.h>
#include <string.h>

#include "inprocess.h"
#include "row.h"

#define with waldo_v_tuple

static waldo_value *none(void)
{
    return waldo_v_none();
}

/* list[index], which is a proxy. */
static waldo_proxy *fetch(waldo_proxy *list, int64_t index)
{
    return row_proxy(row_call(list, "__getitem__", with(waldo_v(index))));
}

/* What was fetched is a copy, until it is put back. */
ROW(D11_fetched_values_are_copies, "list")
{
    waldo_proxy *list = row_create("list", with(waldo_v_list(waldo_v_list())));
    waldo_value *inner = row_call(list, "__getitem__", with(waldo_v(0)));
    must(waldo_value_list_append(inner, waldo_v(1), &err));
    row_gives(list, "__getitem__", with(waldo_v(0)), "[]");
    row_gives(list, "__setitem__", with(waldo_v(0), inner), "None");
    row_gives(list, "__getitem__", with(waldo_v(0)), "[1]");
    waldo_proxy_unref(list);
}

ROW(D12_a_list_in_a_list_is_reached_live, "list")
{
    waldo_proxy *outer = row_create("list", none());
    waldo_proxy *inner = row_create("list", with(waldo_v_list(waldo_v(1))));
    row_gives(outer, "append", with(row_token(inner)), "None");
    row_gives(inner, "append", with(waldo_v(2)), "None");
    waldo_proxy *fetched = fetch(outer, 0);
    expect_equal(waldo_proxy_object(fetched), waldo_proxy_object(inner));
    row_gives(fetched, "append", with(waldo_v(3)), "None");
    row_gives(inner, "#GETVALUE", none(), "[1, 2, 3]");
    waldo_proxy_unref(fetched);
    /* It stays when no client holds it any more. */
    waldo_proxy_unref(inner);
    fetched = fetch(outer, 0);
    row_gives(fetched, "pop", none(), "3");
    waldo_proxy_unref(fetched);
    fetched = fetch(outer, -1);
    row_gives(fetched, "#GETVALUE", none(), "[1, 2]");
    waldo_proxy_unref(fetched);
    waldo_proxy_unref(outer);
}

/* Python never frees what was nested once (pains 4). */
ROW(D13_what_a_container_held_goes_with_it, "list")
{
    waldo_proxy *outer = row_create("list", none());
    for (int i = 0; i < 100; i++) {
        waldo_proxy *inner = row_create("list", with(waldo_v_list(waldo_v(i))));
        row_gives(outer, "append", with(row_token(inner)), "None");
        waldo_proxy_unref(inner);
    }
    row_until(row_objects() == 101);
    waldo_proxy *popped = row_proxy(row_call(outer, "pop", none()));
    row_gives(popped, "#GETVALUE", none(), "[99]");
    row_gives(outer, "__delitem__", with(waldo_v(0)), "None");
    row_until(row_objects() == 100);
    waldo_proxy_unref(popped);
    row_until(row_objects() == 99);
    waldo_proxy_unref(outer);
}

CLIENT(append_to_inner)
{
    waldo_proxy *outer = row_proxy(row_hear());
    waldo_proxy *inner = fetch(outer, 0);
    row_gives(inner, "append", with(waldo_v("from the client")), "None");
    waldo_proxy_unref(inner);
    waldo_proxy_unref(outer);
}

/* With Python these fail in a child: its proxies have no manager (pains 34). */
ROW(D15_other_clients_reach_it_too, "list")
{
    waldo_proxy *outer = row_create("list", none());
    waldo_proxy *inner = row_create("list", none());
    row_gives(outer, "append", with(row_token(inner)), "None");
    row_client *client = row_start("append_to_inner");
    row_tell(client, row_token(outer));
    row_finish(client);
    row_gives(inner, "#GETVALUE", none(), "['from the client']");
    waldo_proxy_unref(inner);
    waldo_proxy_unref(outer);
}

/* A container in itself: it can be reached as deep as one likes, and is taken out again by hand,
 * since nobody collects such a ring; debug_info names it. */
ROW(D12_a_list_in_itself, "list")
{
    waldo_proxy *list = row_create("list", none());
    row_gives(list, "append", with(row_token(list)), "None");
    waldo_proxy *inner = fetch(list, 0), *innermost = fetch(inner, 0);
    expect_equal(waldo_proxy_object(innermost), waldo_proxy_object(list));
    row_gives(innermost, "append", with(waldo_v(5)), "None");
    row_gives(list, "__len__", none(), "2");
    waldo_proxy_unref(inner);
    waldo_proxy_unref(innermost);
    char *text = waldo_proxy_str(list);
    expect(text && strstr(text, "list"));
    free(text);
    row_gives(list, "clear", none(), "None");
    waldo_proxy_unref(list);
}

/* A proxy of another manager's object says where that is, and keeps nothing alive there. */
ROW(D12_a_value_that_holds_proxies, "list Value")
{
    waldo_proxy *value = row_create("Value", with(waldo_v("i"), waldo_v(0)));
    waldo_proxy *list = row_create("list", with(waldo_v_list(waldo_v(1))));
    row_gives(value, "set", with(waldo_v_list(row_token(list), waldo_v(2))), "None");
    waldo_proxy_unref(list);
    waldo_value *held = row_call(value, "get", none()), *first = NULL;
    must(waldo_value_item(held, 0, &first, &err));
    waldo_proxy *again = row_proxy(first);
    row_gives(again, "#GETVALUE", none(), "[1]");
    waldo_proxy_unref(again);
    waldo_value_unref(held);
    row_gives(value, "set", with(waldo_v(0)), "None");
    row_until(row_objects() == 1);
    waldo_proxy_unref(value);
}

/* An object that only a container holds is counted, and can be asked for by its token. */
ROW(B12_objects_that_only_a_container_holds, "list")
{
    waldo_proxy *outer = row_create("list", none()), *inner = row_create("list", none());
    waldo_value *token = row_token(inner), *packed = NULL;
    uint8_t *data = NULL;
    size_t size = 0;
    must(waldo_value_pack(token, &data, &size, &err));
    must(waldo_value_unpack(data, size, &packed, &err));
    free(data);
    row_gives(outer, "append", with(token), "None");
    waldo_proxy_unref(inner);
    expect_equal(row_objects(), 2);
    inner = row_proxy(packed);
    row_gives(inner, "append", with(waldo_v(1)), "None");
    row_gives(outer, "clear", none(), "None");
    expect_equal(row_objects(), 2);
    row_gives(inner, "#GETVALUE", none(), "[1]");
    waldo_proxy_unref(inner);
    waldo_proxy_unref(outer);
}

CLIENT(get_proxy_from_queue)
{
    waldo_proxy *queue = row_proxy(row_hear());
    waldo_proxy *list = row_proxy(row_call(queue, "get", none()));
    row_gives(list, "append", with(waldo_v("got")), "None");
    row_say(row_call(list, "copy", none()));
    waldo_proxy_unref(list);
    waldo_proxy_unref(queue);
}

/* Python's referent is gone before the receiver has a reference (pains 35). */
ROW(D8_a_proxy_that_dies_in_a_queue, "list Queue")
{
    waldo_proxy *queue = row_create("Queue", none());
    waldo_proxy *list = row_create("list", with(waldo_v_list(waldo_v(1))));
    row_gives(queue, "put", with(row_token(list)), "None");
    waldo_proxy_unref(list);
    expect_equal(row_objects(), 2);
    row_client *client = row_start("get_proxy_from_queue");
    row_tell(client, row_token(queue));
    expect_repr(row_listen(client), "[1, 'got']");
    row_finish(client);
    row_until(row_objects() == 1);
    waldo_proxy_unref(queue);
}

/* A proxy of another server's object: the container carries it, and keeps nothing alive there. */
ROW(D14_a_proxy_of_another_server, "list")
{
    if (row_over_inproc())
        row_skip("there is one server in this process");
    waldo_manager_options options = row_manager_options();
    waldo_manager *other = NULL;
    waldo_proxy *theirs = NULL, *again = NULL, *wrong = NULL;
    must(waldo_connect(inprocess_start("tcp://127.0.0.1:0"), &options, &other, &err));
    must(waldo_proxy_create(other, "list", waldo_v_none(), &theirs, &err));
    waldo_proxy *ours = row_create("list", none());
    row_gives(ours, "append", with(row_token(theirs)), "None");
    waldo_value *token = row_call(ours, "pop", none());
    must(waldo_proxy_from_value(other, token, &again, &err));
    row_gives(again, "append", with(waldo_v(7)), "None");
    row_gives(theirs, "copy", none(), "[7]");
    must_fail(waldo_proxy_from_value(row_manager(), token, &wrong, &err), WALDO_EKEY);
    waldo_value_unref(token);
    waldo_proxy_unref(again);
    waldo_proxy_unref(theirs);
    waldo_proxy_unref(ours);
    waldo_manager_unref(other);
    inprocess_stop();
}

ROW(D12_a_proxy_in_a_namespace, "Namespace list")
{
    waldo_proxy *space = row_create("Namespace", waldo_v_none());
    waldo_proxy *list = row_create("list", waldo_v_none());
    row_gives(space, "__setattr__", with(waldo_v("names"), row_token(list)), "None");
    waldo_proxy_unref(list);
    list = row_proxy(row_call(space, "__getattribute__", with(waldo_v("names"))));
    row_gives(list, "append", with(waldo_v("x")), "None");
    row_gives(list, "#GETVALUE", waldo_v_none(), "['x']");
    waldo_proxy_unref(list);
    waldo_proxy_unref(space);
}
