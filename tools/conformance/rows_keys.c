/* Rows J and A12: who is let in. How the handshake goes in detail, tests/unit/secure and
 * tests/faults show. */
#include <unistd.h>

#include "row.h"

/* The status of connecting with this key. A client's libnanomsg drops an answer that it has not
 * handed out when the connection ends behind it: then the client learns only that it has ended, and
 * asks again. */
static int connect_with(const void *key, size_t size)
{
    waldo_manager_options options = {.authkey = key, .authkey_size = size};
    double limit = row_now() + ROW_PATIENCE;
    waldo_manager *manager = NULL;
    int status;
    do
        status = waldo_connect(row_url(), &options, &manager, &err);
    while (status == WALDO_EGONE && row_over_nanomsg() && row_now() < limit);
    waldo_manager_unref(manager);
    return status;
}

/* Rows J2, J3 and A12: the answer says no more than that, whatever was wrong. */
ROW(J3_a_wrong_key_is_refused, "")
{
    static const char zeros[32];
    must_fail(connect_with(zeros, sizeof zeros), WALDO_EAUTHENTICATION);
    expect_text(err.type_name, "AuthenticationError");
    expect_text(err.trace, "");
    must_fail(connect_with("a passphrase that nobody uses", 29), WALDO_EAUTHENTICATION);
    must_fail(connect_with("x", 1), WALDO_EAUTHENTICATION);
}

/* Row J9: the server is unaffected, and so are those who are in. */
ROW(J9_strangers_disturb_nobody, "")
{
    waldo_manager *manager = row_connect();
    for (int i = 0; i < 20; i++) {
        must_fail(connect_with("not the key", 11), WALDO_EAUTHENTICATION);
        must(waldo_manager_ping(manager, &err));
    }
    waldo_manager_unref(manager);
}

/* Row J8: a key is no value, and goes nowhere by itself. A child gets it by a descriptor. */
ROW(J8_a_key_for_a_child, "")
{
    int descriptor = -1;
    must(waldo_manager_share_key(row_manager(), &descriptor, &err));
    waldo_manager_options options = {.authkey_descriptor = descriptor};
    waldo_manager *manager = NULL;
    must(waldo_connect(row_url(), &options, &manager, &err));
    must(waldo_manager_ping(manager, &err));
    waldo_manager_unref(manager);
    close(descriptor);
}

/* Row J6: keys are bytes, any number of them; none at all is none. */
ROW(J6_keys_of_any_length, "")
{
    static const char bytes[300] = "\0with a NUL in front";
    must_fail(connect_with(bytes, sizeof bytes), WALDO_EAUTHENTICATION);
    must_fail(connect_with(bytes, 31), WALDO_EAUTHENTICATION);
    waldo_manager_options options = {.authkey_file = "/no/such/file"};
    waldo_manager *manager = NULL;
    must_fail(waldo_connect(row_url(), &options, &manager, &err), WALDO_ENOTFOUND);
    expect(!manager);
}
