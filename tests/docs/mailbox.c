/* Calls that wait in the server without a thread, and results that point to memory. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"

#include "types.service.h"

struct letter {
    char *sender;
    char *text;
    struct letter *next;
};

struct mailbox {
    struct letter *letters;
    pthread_mutex_t lock;
    waldo_call *reader; /* a deferred take(); one at a time, to keep this short */
};

static void letter_free(struct letter *letter)
{
    free(letter->sender);
    free(letter->text);
    free(letter);
}

/* Whoever takes the reader out completes its call. */
static waldo_call *take_reader(struct mailbox *box, const waldo_call *only)
{
    pthread_mutex_lock(&box->lock);
    waldo_call *reader = !only || only == box->reader ? box->reader : NULL;
    if (reader)
        box->reader = NULL;
    pthread_mutex_unlock(&box->lock);
    return reader;
}

static void reader_is_gone(waldo_call *call, void *data)
{
    if (take_reader(data, call))
        waldo_call_fail(call, WALDO_ECANCELLED, "the reader is gone");
}

static int mailbox_take(void *self, waldo_call *call, Shop__Letter *result)
{
    struct mailbox *box = self;
    struct letter *letter = box->letters;
    if (letter) {
        result->sender = waldo_call_strdup(call, letter->sender);
        result->text = waldo_call_strdup(call, letter->text);
        if (!result->sender || !result->text)
            return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a letter");
        box->letters = letter->next;
        letter_free(letter);
        return 0;
    }
    if (box->reader)
        return waldo_call_raise(call, WALDO_ERUNTIME, "somebody else waits already");
    int status = waldo_call_defer(call);
    pthread_mutex_lock(&box->lock);
    box->reader = call;
    pthread_mutex_unlock(&box->lock);
    waldo_call_on_cancel(call, reader_is_gone, box);
    return status;
}

static int keep(struct mailbox *box, waldo_call *call, const Shop__Letter *letter)
{
    struct letter **end = &box->letters;
    while (*end)
        end = &(*end)->next;
    struct letter *copy = calloc(1, sizeof *copy);
    if (copy) {
        copy->sender = strdup(letter->sender);
        copy->text = strdup(letter->text);
    }
    if (copy && copy->sender && copy->text) {
        *end = copy;
        return 0;
    }
    if (copy)
        letter_free(copy);
    return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a letter");
}

static int mailbox_put(void *self, waldo_call *call, const Shop__Letter *letter)
{
    struct mailbox *box = self;
    waldo_call *reader = take_reader(box, NULL);
    if (!reader)
        return keep(box, call, letter);
    shop_mailbox_take_complete(reader, letter);
    return 0;
}

static int mailbox_list(void *self, waldo_call *call, Shop__Letters *result)
{
    const struct mailbox *box = self;
    size_t count = 0;
    for (const struct letter *letter = box->letters; letter; letter = letter->next)
        count++;
    Shop__Letter *all = waldo_call_alloc(call, (count + 1) * sizeof *all);
    result->letters = waldo_call_alloc(call, (count + 1) * sizeof *result->letters);
    if (!all || !result->letters)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a list");
    for (const struct letter *letter = box->letters; letter; letter = letter->next) {
        shop__letter__init(&all[result->n_letters]);
        all[result->n_letters].sender = letter->sender;
        all[result->n_letters].text = letter->text;
        result->letters[result->n_letters] = &all[result->n_letters];
        result->n_letters++;
    }
    return 0;
}

static int mailbox_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    struct mailbox *box = calloc(1, sizeof *box);
    if (!box)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a mailbox");
    pthread_mutex_init(&box->lock, NULL);
    *ret_self = box;
    return 0;
}

/* No call waits here any more: one that is deferred keeps its object alive. */
static void mailbox_destroy(void *self)
{
    struct mailbox *box = self;
    while (box->letters) {
        struct letter *letter = box->letters;
        box->letters = letter->next;
        letter_free(letter);
    }
    pthread_mutex_destroy(&box->lock);
    free(box);
}

static const struct shop_mailbox_ops mailbox_ops = {
    .create = mailbox_create,
    .put = mailbox_put,
    .take = mailbox_take,
    .list = mailbox_list,
    .destroy = mailbox_destroy,
};

int shop_register_mailbox(waldo_registry *registry, waldo_error *reterr)
{
    return shop_mailbox_register(registry, &mailbox_ops, NULL, reterr);
}
