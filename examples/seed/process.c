/* Run a function in a process.
 *
 *     def func(greeting, times):
 *         for i in range(times):
 *             print(greeting, 'from', mp.current_process().name)
 *
 *     if __name__ == '__main__':
 *         mp.set_start_method('spawn')
 *         p = mp.Process(target=func, args=('hello', 2))
 *         p.start()
 *         print("Waiting for the process to finish...")
 *         p.join()
 *         print('exit code', p.exitcode)
 */
#include "check.h"

static int func(const waldo_value *arguments, waldo_error *reterr)
{
    const char *greeting;
    int64_t times;
    int status = waldo_value_get_str(waldo_mp_argument(arguments, 0), &greeting, NULL, reterr);
    if (status >= 0)
        status = waldo_value_get_int64(waldo_mp_argument(arguments, 1), &times, reterr);
    for (int64_t i = 0; status >= 0 && i < times; i++)
        printf("%s from %s\n", greeting, waldo_mp_process_name(waldo_mp_current_process()));
    return status;
}
WALDO_MP_TARGET(func)

int main(int argc, char **argv)
{
    waldo_mp_freeze_support(argc, argv);
    check(waldo_mp_set_start_method(WALDO_MP_SPAWN, false, &err));

    waldo_mp_process *process;
    check(waldo_mp_process_new(
        &(waldo_mp_process_options){.target = func,
                                    .arguments = waldo_v_tuple(waldo_v("hello"), waldo_v(2))},
        &process, &err));
    check(waldo_mp_process_start(process, &err));
    printf("Waiting for the process to finish...\n");
    fflush(stdout);
    check(waldo_mp_process_join(process, WALDO_FOREVER, &err));

    int code;
    check(waldo_mp_process_exitcode(process, &code, &err));
    printf("exit code %d\n", code);
    waldo_mp_process_unref(process);
    return 0;
}
