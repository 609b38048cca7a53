/* The programs of docs/containers.md. */
#include <stdio.h>

#include "containers.h"

int count_visits(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_dict) visits = NULL;
    int status = waldo_dict_new(manager, &visits, reterr);
    if (status >= 0)
        status = waldo_dict_set(visits, waldo_v("paris"), waldo_v(12), reterr);
    if (status >= 0)
        status = waldo_dict_add(visits, waldo_v("rome"), waldo_v(1), NULL, reterr);
    if (status >= 0)
        status = waldo_dict_add(visits, waldo_v("rome"), waldo_v(1), NULL, reterr);
    if (status < 0)
        return status;
    char *text = waldo_proxy_str(waldo_dict_proxy(visits));
    if (text)
        puts(text); /* {'paris': 12, 'rome': 2} */
    free(text);
    return 0;
}

int sum_values(waldo_dict *dict, int64_t *ret_sum, waldo_error *reterr)
{
    int status;
    int64_t sum = 0, number;
    WALDO_DICT_EACH(dict, key, value, &status, reterr)
    {
        if (waldo_value_get_int64(value, &number, NULL) >= 0)
            sum += number;
    }
    if (status >= 0)
        *ret_sum = sum;
    return status;
}

int share_inner(waldo_dict *outer, waldo_dict *inner, waldo_error *reterr)
{
    waldo_value *token;
    int status = waldo_proxy_to_value(waldo_dict_proxy(inner), &token, reterr);
    return status < 0 ? status : waldo_dict_set(outer, waldo_v("inner"), token, reterr);
}

int take_if_free(waldo_dict *seats, int64_t seat, const char *name, waldo_error *reterr)
{
    return waldo_dict_compare_and_set(seats, waldo_v(seat), waldo_v("free"), waldo_v(name), NULL,
                                      reterr);
}

int follow(waldo_dict *dict, uint64_t *seen, waldo_value **ret_copy, waldo_error *reterr)
{
    int status = waldo_dict_wait_changed(dict, *seen, 10, seen, reterr);
    if (status == 1)
        status = waldo_dict_copy(dict, ret_copy, reterr);
    return status;
}

int name_things(waldo_manager *manager, waldo_namespace **ret_names, waldo_error *reterr)
{
    int status =
        waldo_namespace_new_from(manager, waldo_v_fields("x", waldo_v(10)), ret_names, reterr);
    if (status >= 0)
        status = waldo_namespace_set(*ret_names, "y", waldo_v("hello"), reterr);
    if (status >= 0)
        status = waldo_namespace_set(*ret_names, "_z", waldo_v(12.3), reterr);
    return status;
}
