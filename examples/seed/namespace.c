/* A proxy whose attributes are read and assigned.
 *
 *     class ShareDataProxy(NamespaceProxy):
 *         _exposed_ = ('__getattribute__', '__setattr__')
 *
 *     class ShareData:
 *         def __init__(self):
 *             self.count = 1
 *
 *     MyManager.register('ShareData', ShareData, ShareDataProxy)
 *
 *     if __name__ == '__main__':
 *         with MyManager() as manager:
 *             data = manager.ShareData()
 *             data.count += 41
 *             data.name = 'waldo'
 *             print(data.count, data.name)
 */
#include "check.h"

#include <waldo/namespace.h>
#include <waldo/server.h>
#include <waldo/waldo.h>

static void print_attribute(waldo_namespace *data, const char *name)
{
    waldo_value *value;
    check(waldo_namespace_get(data, name, &value, &err));
    char *text = waldo_value_str(value);
    printf("%s = %s\n", name, text);
    free(text);
    waldo_value_unref(value);
}

int main(void)
{
    waldo_manager *manager;
    waldo_namespace *data;
    check(waldo_manager_new(NULL, &manager, &err));
    check(waldo_manager_start(manager, NULL, NULL, &err));
    check(waldo_namespace_new_from(manager, waldo_v_fields("count", waldo_v(1)), &data, &err));

    waldo_value *count;
    int64_t number;
    check(waldo_namespace_get(data, "count", &count, &err));
    check(waldo_value_get_int64(count, &number, &err));
    waldo_value_unref(count);
    check(waldo_namespace_set(data, "count", waldo_v(number + 41), &err));
    check(waldo_namespace_set(data, "name", waldo_v("waldo"), &err));
    print_attribute(data, "count");
    print_attribute(data, "name");

    waldo_namespace_unref(data);
    check(waldo_manager_shutdown(manager, &err));
    waldo_manager_unref(manager);
    return 0;
}
