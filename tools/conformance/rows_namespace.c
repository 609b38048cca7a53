/* Row H8: Namespace; C7: attributes of other types. */
#include <stdlib.h>

#include "row.h"

static void prints(waldo_proxy *proxy, const char *expected)
{
    char *text = waldo_proxy_str(proxy);
    expect_text(text, expected);
    free(text);
}

static void set(waldo_proxy *names, const char *name, waldo_value *value)
{
    must(waldo_proxy_set_attribute(names, name, value, &err));
}

static waldo_value *get(waldo_proxy *names, const char *name)
{
    waldo_value *value = NULL;
    must(waldo_proxy_get_attribute(names, name, &value, &err));
    return value;
}

ROW(H8_attributes, "Namespace")
{
    waldo_proxy *names = row_create("Namespace", waldo_v_fields("b", waldo_v(2)));
    set(names, "a", waldo_v(1));
    prints(names, "Namespace(a=1, b=2)");
    expect_repr(get(names, "b"), "2");
    must(waldo_proxy_delete_attribute(names, "b", &err));
    prints(names, "Namespace(a=1)");
    waldo_value *value = NULL;
    must_fail(waldo_proxy_get_attribute(names, "b", &value, &err), WALDO_EATTRIBUTE);
    expect_text(err.type_name, "AttributeError");
    expect_text(err.message, "'Namespace' object has no attribute 'b'");
    must_fail(waldo_proxy_delete_attribute(names, "b", &err), WALDO_EATTRIBUTE);
    expect_text(err.message, "'Namespace' object has no attribute 'b'");
    waldo_proxy_unref(names);
}

CLIENT(look_at_names)
{
    waldo_proxy *names = row_proxy(row_hear());
    row_say(get(names, "shared"));
    waldo_value *value = NULL;
    must_fail(waldo_proxy_get_attribute(names, "_private", &value, &err), WALDO_EATTRIBUTE);
    set(names, "answer", waldo_v(42));
    row_say(waldo_v("done"));
    waldo_proxy_unref(names);
}

ROW(H8_private_names_stay_with_the_proxy, "Namespace")
{
    waldo_proxy *names = row_create("Namespace", waldo_v_none());
    set(names, "shared", waldo_v("x"));
    set(names, "_private", waldo_v("y"));
    prints(names, "Namespace(shared='x')");
    expect_repr(get(names, "_private"), "'y'");
    row_client *client = row_start("look_at_names");
    row_tell(client, row_token(names));
    expect_repr(row_listen(client), "'x'");
    expect_repr(row_listen(client), "'done'");
    row_finish(client);
    prints(names, "Namespace(answer=42, shared='x')");
    expect_repr(get(names, "_private"), "'y'");
    waldo_proxy_unref(names);
}

ROW(H8_exposes_three_methods_of_pythons, "Namespace")
{
    waldo_proxy *names = row_create("Namespace", waldo_v_none());
    expect_repr(row_call(names, "__setattr__", waldo_v_tuple(waldo_v("x"), waldo_v(1))), "None");
    expect_repr(row_call(names, "__getattribute__", waldo_v_tuple(waldo_v("x"))), "1");
    expect_repr(row_call(names, "__delattr__", waldo_v_tuple(waldo_v("x"))), "None");
    must_fail(row_try(names, "__setattr__", waldo_v_tuple(waldo_v(5), waldo_v(1))), WALDO_ETYPE);
    must_fail(row_try(names, "__setattr__", waldo_v_tuple(waldo_v("x"))), WALDO_ETYPE);
    must_fail(row_try(names, "__class__", waldo_v_none()), WALDO_EATTRIBUTE);
    prints(names, "Namespace()");
    waldo_proxy_unref(names);
}

ROW(C7_other_types_have_no_attributes, "dict")
{
    waldo_proxy *dict = row_create("dict", waldo_v_none());
    waldo_value *value = NULL;
    must_fail(waldo_proxy_get_attribute(dict, "x", &value, &err), WALDO_EATTRIBUTE);
    must_fail(waldo_proxy_set_attribute(dict, "x", waldo_v(1), &err), WALDO_EATTRIBUTE);
    waldo_proxy_unref(dict);
}
