/* Attributes: the object's, and those that are the proxy's own. */
#include "proxy/proxy_internal.h"

static bool is_own(const char *name)
{
    return name[0] == '_';
}

static int no_attribute(const waldo_proxy *proxy, const char *name, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EATTRIBUTE, "'%s' object has no attribute '%s'",
                           proxy->type->type_id, name);
}

static int get_own(waldo_proxy *proxy, const char *name, waldo_value **ret_value,
                   waldo_error *reterr)
{
    pthread_mutex_lock(&proxy->manager->lock);
    int status =
        proxy->own ? waldo_value_dict_get_str(proxy->own, name, ret_value, reterr) : WALDO_EKEY;
    pthread_mutex_unlock(&proxy->manager->lock);
    return status == WALDO_EKEY ? no_attribute(proxy, name, reterr) : status;
}

/* TAKES value. */
static int set_own(waldo_proxy *proxy, const char *name, waldo_value *value, waldo_error *reterr)
{
    int status;
    pthread_mutex_lock(&proxy->manager->lock);
    if (!proxy->own)
        proxy->own = waldo_v_dict();
    if (proxy->own) {
        status = waldo_value_dict_set(proxy->own, waldo_v_str(name), value, reterr);
    } else {
        waldo_value_unref(value);
        status = waldo_error_set(reterr, WALDO_ENOMEM, "no memory for an attribute");
    }
    pthread_mutex_unlock(&proxy->manager->lock);
    return status;
}

static int delete_own(waldo_proxy *proxy, const char *name, waldo_error *reterr)
{
    waldo_value *key = waldo_v_str(name);
    if (!key)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a name");
    pthread_mutex_lock(&proxy->manager->lock);
    int status = proxy->own ? waldo_value_dict_pop(proxy->own, key, NULL, reterr) : WALDO_EKEY;
    pthread_mutex_unlock(&proxy->manager->lock);
    waldo_value_unref(key);
    return status == WALDO_EKEY ? no_attribute(proxy, name, reterr) : status;
}

int waldo_proxy_get_attribute(waldo_proxy *proxy, const char *name, waldo_value **ret_value,
                              waldo_error *reterr)
{
    if (is_own(name))
        return get_own(proxy, name, ret_value, reterr);
    return waldo_proxy_call(proxy, "__getattribute__", waldo_v_tuple(waldo_v_str(name)), ret_value,
                            reterr);
}

int waldo_proxy_set_attribute(waldo_proxy *proxy, const char *name, waldo_value *value,
                              waldo_error *reterr)
{
    if (is_own(name))
        return set_own(proxy, name, value, reterr);
    waldo_value *none;
    int status = waldo_proxy_call(proxy, "__setattr__", waldo_v_tuple(waldo_v_str(name), value),
                                  &none, reterr);
    if (status >= 0)
        waldo_value_unref(none);
    return status;
}

int waldo_proxy_delete_attribute(waldo_proxy *proxy, const char *name, waldo_error *reterr)
{
    if (is_own(name))
        return delete_own(proxy, name, reterr);
    waldo_value *none;
    int status =
        waldo_proxy_call(proxy, "__delattr__", waldo_v_tuple(waldo_v_str(name)), &none, reterr);
    if (status >= 0)
        waldo_value_unref(none);
    return status;
}
