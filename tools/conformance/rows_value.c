/* Row H9: Value. */
#include "row.h"

ROW(H9_any_value_is_accepted, "Value")
{
    waldo_proxy *value = row_create("Value", waldo_v_tuple(waldo_v("i"), waldo_v(1)));
    expect_repr(row_call(value, "get", waldo_v_none()), "1");
    row_gives(value, "set", waldo_v_tuple(waldo_v("text")), "None");
    expect_repr(row_call(value, "get", waldo_v_none()), "'text'");
    waldo_proxy_unref(value);
}

CLIENT(set_value)
{
    waldo_proxy *value = row_proxy(row_hear());
    row_gives(value, "set", waldo_v_tuple(row_hear()), "None");
    row_say(waldo_v("done"));
    waldo_proxy_unref(value);
}

ROW(H9_clients_share_it, "Value")
{
    waldo_proxy *value = row_create("Value", waldo_v_tuple(waldo_v("i"), waldo_v(1)));
    row_client *client = row_start("set_value");
    row_tell(client, row_token(value));
    row_tell(client, waldo_v(2.5));
    expect_repr(row_listen(client), "'done'");
    row_finish(client);
    expect_repr(row_call(value, "get", waldo_v_none()), "2.5");
    waldo_proxy_unref(value);
}
