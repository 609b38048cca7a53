/* What docs/clients.md shows, each piece as a function of its own. */
#ifndef TESTS_DOCS_CLIENTS_H
#define TESTS_DOCS_CLIENTS_H

#include <waldo/server.h>

#include "types.proxy.h"

int start_manager(waldo_registry *registry, waldo_manager **ret_manager, waldo_error *reterr);
int connect_to(const char *address, waldo_manager **ret_manager, waldo_error *reterr);
int add_two(shop_counter *counter, int64_t *ret_sum, waldo_error *reterr);
int add_or_give_up(shop_counter *counter, waldo_error *reterr);
int add_all(shop_counter *counter, int64_t *ret_sum, waldo_error *reterr);
int take_letter(shop_mailbox *box, double seconds, waldo_error *reterr);
int call_by_name(waldo_manager *manager, char **ret_text, waldo_error *reterr);
int walk_by_name(waldo_proxy *counter, int64_t *ret_sum, waldo_error *reterr);
int twins(shop_counter *counter, shop_counter *ret_twins[2], waldo_error *reterr);
int write_price(waldo_manager *manager, waldo_dict *prices, waldo_list **ret_list,
                waldo_error *reterr);
int list_methods(waldo_manager *manager, char *text, size_t size, waldo_error *reterr);
waldo_value *make_order(void);
int int_of(const waldo_value *dict, const char *key, int64_t *ret_number, waldo_error *reterr);
int pass_on(shop_counter *counter, waldo_manager *other, shop_counter **ret_counter,
            waldo_error *reterr);
int start_to_get(waldo_queue *jobs, waldo_future **ret_next, waldo_error *reterr);
/* 1: *ret_job; 0: it was cancelled. */
int get_job(waldo_future *next, waldo_value **ret_job, waldo_error *reterr);
int post_job(waldo_manager *manager, const char *job, waldo_error *reterr);
int count_in_child(shop_counter *counter);

/** Attributes of any proxy that exposes them. */
WALDO_CHECK int note_progress(waldo_proxy *proxy, waldo_value **ret_stage, waldo_error *reterr);

#endif
