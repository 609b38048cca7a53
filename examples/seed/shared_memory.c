/* State that processes share: a number and an array.
 *
 *     def f(n, a):
 *         n.value = 3.1415927
 *         for i in range(len(a)):
 *             a[i] = -a[i]
 *
 *     if __name__ == '__main__':
 *         num = Value('d', 0.0)
 *         arr = Array('i', range(10))
 *         p = Process(target=f, args=(num, arr))
 *         p.start()
 *         p.join()
 *         print(num.value)
 *         print(arr[:])
 */
#include "check.h"

static int f(const waldo_value *arguments, waldo_error *reterr)
{
    WALDO_AUTO(waldo_mp_value) n = NULL;
    WALDO_AUTO(waldo_mp_array) a = NULL;
    int status = waldo_mp_value_from_value(waldo_mp_argument(arguments, 0), &n, reterr);
    if (status >= 0)
        status = waldo_mp_array_from_value(waldo_mp_argument(arguments, 1), &a, reterr);
    if (status >= 0)
        status = waldo_mp_value_set(n, waldo_v(3.1415927), reterr);
    if (status < 0)
        return status;
    int *items = waldo_mp_array_data(a);
    for (size_t i = 0; i < waldo_mp_array_length(a); i++)
        items[i] = -items[i];
    return 0;
}
WALDO_MP_TARGET(f)

/* TAKES value. */
static void print(waldo_value *value)
{
    char *text = waldo_value_str(value);
    printf("%s\n", text);
    free(text);
    waldo_value_unref(value);
}

int main(int argc, char **argv)
{
    waldo_mp_freeze_support(argc, argv);

    waldo_mp_value *num;
    waldo_mp_array *arr;
    const int32_t range[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    check(waldo_mp_value_new('d', waldo_v(0.0), NULL, &num, &err));
    check(waldo_mp_array_new('i', waldo_v_array('i', range, 10), NULL, &arr, &err));

    waldo_mp_process *p;
    check(waldo_mp_process_new(
        &(waldo_mp_process_options){
            .target = f,
            .arguments = waldo_v_tuple(waldo_mp_value_value(num), waldo_mp_array_value(arr))},
        &p, &err));
    check(waldo_mp_process_start(p, &err));
    check(waldo_mp_process_join(p, WALDO_FOREVER, &err));
    waldo_mp_process_unref(p);

    waldo_value *number, *items;
    check(waldo_mp_value_get(num, &number, &err));
    print(number);
    check(waldo_mp_array_get_slice(arr, 0, INT64_MAX, &items, &err));
    print(items);
    waldo_mp_array_unref(arr);
    waldo_mp_value_unref(num);
    return 0;
}
