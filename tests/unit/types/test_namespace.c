/* Namespace through the C layer, and attributes of proxies. */
#include "live.h"

TestSuite(namespace, .init = live_begin);

static void holds(waldo_namespace *names, const char *expected)
{
    char *text = waldo_proxy_str(waldo_namespace_proxy(names));
    cr_assert_str_eq(text, expected);
    free(text);
}

Test(namespace, attributes)
{
    waldo_namespace *names;
    waldo_value *value = NULL;
    must(waldo_namespace_new_from(manager, waldo_v_fields("b", waldo_v(2)), &names, &err));
    must(waldo_namespace_set(names, "a", waldo_v_list(waldo_v(1)), &err));
    holds(names, "Namespace(a=[1], b=2)");
    must(waldo_namespace_get(names, "b", &value, &err));
    prints(value, "2");
    must_fail(waldo_namespace_get(names, "c", &value, &err), WALDO_EATTRIBUTE);
    cr_assert_str_eq(err.message, "'Namespace' object has no attribute 'c'");
    must(waldo_namespace_delete(names, "b", &err));
    must_fail(waldo_namespace_delete(names, "b", &err), WALDO_EATTRIBUTE);
    cr_assert_str_eq(err.message, "'Namespace' object has no attribute 'b'");
    must(waldo_namespace_copy(names, &value, &err));
    prints(value, "{'a': [1]}");
    must_fail(waldo_namespace_set(names, "a", NULL, &err), WALDO_ENOMEM);
    must_fail(waldo_namespace_new_from(manager, waldo_v_dict(waldo_v(1), waldo_v(2)), &names, &err),
              WALDO_ETYPE);
    waldo_namespace_unref(names);
    live_end();
}

Test(namespace, names_with_an_underscore_stay_here)
{
    waldo_namespace *names, *other;
    waldo_value *value;
    must(waldo_namespace_new(manager, &names, &err));
    must(waldo_proxy_to_value(waldo_namespace_proxy(names), &value, &err));
    must(waldo_namespace_from_value(manager, value, &other, &err));
    waldo_value_unref(value);
    must_fail(waldo_namespace_get(names, "_mine", &value, &err), WALDO_EATTRIBUTE);
    must(waldo_namespace_set(names, "_mine", waldo_v(1), &err));
    must(waldo_namespace_set(names, "_mine", waldo_v(2), &err));
    must(waldo_namespace_get(names, "_mine", &value, &err));
    prints(value, "2");
    must_fail(waldo_namespace_get(other, "_mine", &value, &err), WALDO_EATTRIBUTE);
    must_fail(waldo_namespace_set(names, "_mine", NULL, &err), WALDO_ENOMEM);
    holds(names, "Namespace()");
    must(waldo_namespace_delete(names, "_mine", &err));
    must_fail(waldo_namespace_delete(names, "_mine", &err), WALDO_EATTRIBUTE);
    must_fail(waldo_namespace_delete(other, "_mine", &err), WALDO_EATTRIBUTE);
    must(waldo_namespace_set(names, "_left", waldo_v("over"), &err));
    waldo_namespace_unref(other);
    waldo_namespace_unref(names);
    live_end();
}

Test(namespace, holds_proxies)
{
    waldo_namespace *names;
    waldo_dict *dict;
    waldo_value *token;
    must(waldo_namespace_new(manager, &names, &err));
    must(waldo_dict_new(manager, &dict, &err));
    must(waldo_proxy_to_value(waldo_dict_proxy(dict), &token, &err));
    must(waldo_namespace_set(names, "dict", token, &err));
    waldo_dict_unref(dict);
    must(waldo_namespace_get(names, "dict", &token, &err));
    must(waldo_dict_from_value(manager, token, &dict, &err));
    waldo_value_unref(token);
    must(waldo_dict_set(dict, waldo_v(1), waldo_v(2), &err));
    waldo_dict_unref(dict);
    waldo_namespace_unref(names);
    live_end();
}

Test(namespace, other_types_have_no_attributes)
{
    waldo_dict *dict;
    waldo_value *value;
    must(waldo_dict_new(manager, &dict, &err));
    waldo_proxy *proxy = waldo_dict_proxy(dict);
    must_fail(waldo_proxy_get_attribute(proxy, "x", &value, &err), WALDO_EATTRIBUTE);
    must_fail(waldo_proxy_set_attribute(proxy, "x", waldo_v(1), &err), WALDO_EATTRIBUTE);
    must_fail(waldo_proxy_delete_attribute(proxy, "x", &err), WALDO_EATTRIBUTE);
    must(waldo_proxy_set_attribute(proxy, "_note", waldo_v(1), &err));
    must(waldo_proxy_get_attribute(proxy, "_note", &value, &err));
    prints(value, "1");
    waldo_dict_unref(dict);
    live_end();
}
