/* Exchange objects over a pipe.
 *
 *     def f(conn):
 *         conn.send([42, None, 'hello'])
 *         conn.close()
 *
 *     if __name__ == '__main__':
 *         parent_conn, child_conn = Pipe()
 *         p = Process(target=f, args=(child_conn,))
 *         p.start()
 *         print(parent_conn.recv())
 *         p.join()
 */
#include "check.h"

static int f(const waldo_value *arguments, waldo_error *reterr)
{
    WALDO_AUTO(waldo_mp_connection) conn = NULL;
    int status = waldo_mp_connection_from_value(waldo_mp_argument(arguments, 0), &conn, reterr);
    if (status >= 0)
        status = waldo_mp_connection_send(
            conn, waldo_v_list(waldo_v(42), waldo_v_none(), waldo_v("hello")), reterr);
    return status;
}
WALDO_MP_TARGET(f)

int main(int argc, char **argv)
{
    waldo_mp_freeze_support(argc, argv);

    waldo_mp_connection *parent_conn, *child_conn;
    check(waldo_mp_pipe(true, &parent_conn, &child_conn, &err));
    waldo_mp_process *process;
    check(waldo_mp_process_new(
        &(waldo_mp_process_options){
            .target = f, .arguments = waldo_v_tuple(waldo_mp_connection_value(child_conn))},
        &process, &err));
    check(waldo_mp_process_start(process, &err));
    waldo_mp_connection_unref(child_conn);

    waldo_value *message;
    check(waldo_mp_connection_recv(parent_conn, &message, &err));
    char *text = waldo_value_str(message);
    printf("%s\n", text);
    free(text);
    waldo_value_unref(message);
    check(waldo_mp_process_join(process, WALDO_FOREVER, &err));
    waldo_mp_process_unref(process);
    waldo_mp_connection_unref(parent_conn);
    return 0;
}
