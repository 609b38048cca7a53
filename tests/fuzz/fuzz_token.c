/* Tokens of proxies that somebody has changed: whoever turns one into a proxy gets the object that
 * is there, or an error, and the server holds afterwards what it held before.
 *
 * The first byte says whether the token keeps its object on the way, and whether the input lies
 * over a genuine token or stands alone; the rest is the input. */
#include <string.h>

#include <waldo/waldo.h>

#include "server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SIZE = 1024, LOOK_EVERY = 256 };

static waldo_manager *owner, *finder;
static waldo_list *list;

static void set_up(void)
{
    if (owner)
        return;
    waldo_server_options options = {
        .authkey = FUZZ_KEY, .authkey_size = FUZZ_KEY_SIZE, .transit = 0.2};
    waldo_manager_options own = {
        .authkey = FUZZ_KEY, .authkey_size = FUZZ_KEY_SIZE, .call_timeout = 10};
    const char *address = fuzz_start_server(&options);
    must(waldo_connect(address, &own, &owner, NULL) >= 0);
    must(waldo_connect(address, &own, &finder, NULL) >= 0);
    must(waldo_list_new(owner, &list, NULL) >= 0);
    must(waldo_list_append(list, waldo_v("treasure"), NULL) >= 0);
}

static void make_token(bool kept, uint8_t **ret_token, size_t *ret_size)
{
    waldo_value *value;
    /* There may be too many on their way. */
    if (!kept || waldo_proxy_export(waldo_list_proxy(list), &value, NULL) < 0)
        must(waldo_proxy_to_value(waldo_list_proxy(list), &value, NULL) >= 0);
    must(waldo_value_pack(value, ret_token, ret_size, NULL) >= 0);
    waldo_value_unref(value);
}

/* It leads to the only object that there is. */
static void look(const waldo_value *value)
{
    waldo_proxy *proxy;
    waldo_list *found;
    waldo_value *item;
    if (waldo_proxy_from_value(finder, value, &proxy, NULL) < 0) {
        must(waldo_list_from_value(finder, value, &found, NULL) < 0);
        return;
    }
    waldo_proxy_unref(proxy);
    if (waldo_list_from_value(finder, value, &found, NULL) < 0)
        return;
    must(waldo_list_get(found, 0, &item, NULL) >= 0);
    waldo_value_unref(item);
    waldo_list_unref(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned runs;
    uint8_t bytes[MAX_SIZE] = {0}, *token;
    size_t token_size;
    waldo_value *value;
    uint64_t objects = 0;
    set_up();
    if (size < 1 || size > MAX_SIZE)
        return 0;
    make_token(data[0] & 1, &token, &token_size);
    must(token_size <= MAX_SIZE);
    bool alone = data[0] & 2;
    size_t bytes_size = alone || size - 1 > token_size ? size - 1 : token_size;
    if (!alone)
        memcpy(bytes, token, token_size);
    for (size_t i = 1; i < size; i++)
        bytes[i - 1] ^= data[i];
    if (waldo_value_unpack(bytes, bytes_size, &value, NULL) >= 0) {
        look(value);
        waldo_value_unref(value);
    }
    free(token);
    if (++runs % LOOK_EVERY == 0)
        must(waldo_manager_number_of_objects(owner, &objects, NULL) >= 0 && objects == 1);
    return 0;
}
