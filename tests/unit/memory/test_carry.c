/* Shared buffers beside the messages of calls: who may say where memory is, and nonsense. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <waldo/mp/buffer.h>
#include <waldo/value_message.h>

#include "memory/carry.h"
#include "memory/place.h"
#include "unit/memory/children.h"

static waldo_error err;

static waldo_mp_buffer *new_numbers(int32_t first)
{
    waldo_mp_buffer *buffer;
    OK(waldo_mp_buffer_new((DLDataType){kDLInt, 32, 1}, 1, (int64_t[]){4}, WALDO_MP_BY_DESCRIPTOR,
                           &buffer, &err));
    *(int32_t *)waldo_mp_buffer_tensor(buffer)->data = first;
    return buffer;
}

TestSuite(carried, .timeout = 60);

typedef struct letter {
    waldo__carried carried;
    Waldo__Value *message;
    size_t count;
    Waldo__Wire__Buffer **buffers;
} letter;

static letter new_letter(waldo_mp_buffer *buffer, bool near)
{
    letter sent = {.count = 0};
    waldo_value *value = waldo_mp_buffer_value(buffer);
    OK(waldo_value_to_message(value, NULL, &sent.message, &err));
    waldo_value_unref(value);
    OK(waldo__carry_collect(&sent.message->base, &sent.carried, &err));
    OK(waldo__carried_describe(&sent.carried, near, &sent.count, &sent.buffers, &err));
    cr_assert_eq(sent.count, 1);
    return sent;
}

static void free_letter(letter *sent)
{
    waldo__carried_free(&sent->carried);
    waldo__value__free_unpacked(sent->message, NULL);
}

static void come(const letter *sent, bool near, int status)
{
    waldo__arrived arrived = {0};
    cr_expect_eq(waldo__carry_in(sent->buffers, sent->count, near, &arrived, &err), status, "%s",
                 err.message);
    waldo__arrived_free(&arrived);
}

Test(carried, places_are_for_those_who_proved_to_be_near)
{
    waldo_mp_buffer *buffer = new_numbers(1);
    letter sent = new_letter(buffer, true);
    come(&sent, false, WALDO_EPROTOCOL);
    come(&sent, true, 0);
    sent.buffers[0]->place->file++;
    come(&sent, true, WALDO_EKEY);
    sent.buffers[0]->place->file--;
    sent.buffers[0]->place->descriptor = 1000000;
    come(&sent, true, WALDO_EKEY);
    sent.buffers[0]->place->process = 0;
    come(&sent, true, WALDO_EKEY);
    free_letter(&sent);
    waldo_mp_buffer_unref(buffer);
}

/* Whatever is there, it is not opened unless it is a file of the sort that is meant. */
Test(carried, places_of_other_things_are_refused)
{
    int pipes[2];
    struct stat file;
    cr_assert_eq(pipe(pipes), 0);
    int ordinary = open("/proc/self/exe", O_RDONLY), null = open("/dev/null", O_RDWR);
    const int others[] = {pipes[0], ordinary, null};
    waldo_mp_buffer *buffer = new_numbers(1);
    letter sent = new_letter(buffer, true);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_assert_eq(fstat(others[i], &file), 0);
        Waldo__Wire__Place *place = sent.buffers[0]->place;
        place->descriptor = (uint32_t)others[i];
        place->device = file.st_dev;
        place->file = file.st_ino;
        waldo__arrived arrived;
        cr_assert_lt(waldo__carry_in(sent.buffers, 1, true, &arrived, &err), 0);
    }
    free_letter(&sent);
    waldo_mp_buffer_unref(buffer);
}

/* Whoever sends many small ones does not take all descriptors from the receiver. */
Test(carried, a_quarter_of_the_descriptors_is_left)
{
    enum { LIMIT = 100 };
    waldo__arrived arrived[LIMIT];
    struct rlimit limit = {LIMIT, LIMIT};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    waldo_mp_buffer *buffer = new_numbers(1);
    for (int near = 0; near < 2; near++) {
        letter sent = new_letter(buffer, near);
        int count = 0;
        while (count < LIMIT &&
               waldo__carry_in(sent.buffers, sent.count, near, &arrived[count], &err) >= 0)
            count++;
        /* Where the memory is known already, no descriptor is needed. */
        cr_expect(near ? count == LIMIT : count > 0 && count < LIMIT / 4 * 3, "%d", count);
        cr_expect(near || err.code == WALDO_ELIMIT, "%s", err.message);
        int other = dup(STDIN_FILENO);
        cr_expect_leq(other, LIMIT / 4 * 3);
        close(other);
        while (count > 0)
            waldo__arrived_free(&arrived[--count]);
        free_letter(&sent);
    }
    waldo_mp_buffer_unref(buffer);
}

static void spoil(Waldo__Wire__Buffer *buffer)
{
    uint32_t *const numbers[] = {&buffer->code, &buffer->bits, &buffer->lanes};
    static const int64_t odd[] = {-1, 0, 1, 5, 1 << 20, INT64_MAX, INT64_MIN};
    switch (pick(6)) {
    case 0:
        *numbers[pick(3)] = pick(2) ? pick(300) : UINT32_MAX;
        break;
    case 1:
        buffer->shape[pick(2)] = odd[pick(7)];
        break;
    case 2:
        if (buffer->n_strides > 0)
            buffer->strides[pick(2)] = odd[pick(7)];
        break;
    case 3:
        buffer->offset = (uint64_t)odd[pick(7)];
        break;
    case 4:
        buffer->n_shape = pick(3);
        break;
    default:
        buffer->id.len = pick(17);
    }
}

Test(carried, nonsense_is_refused_or_stays_within_the_memory)
{
    waldo_mp_buffer *buffer, *out;
    int64_t shape[] = {3, 5};
    OK(waldo_mp_buffer_new((DLDataType){kDLInt, 16, 1}, 2, shape, WALDO_MP_BY_DESCRIPTOR, &buffer,
                           &err));
    int came = 0;
    for (int i = 0; i < 3000; i++) {
        letter sent = new_letter(buffer, i % 2);
        int64_t copies[2][2] = {{3, 5}, {5, 1}};
        sent.buffers[0]->shape = copies[0];
        sent.buffers[0]->strides = sent.buffers[0]->n_strides ? copies[1] : NULL;
        for (uint32_t j = 0; j < 1 + pick(2); j++)
            spoil(sent.buffers[0]);
        waldo__arrived arrived = {0};
        if (waldo__carry_in(sent.buffers, 1, true, &arrived, &err) >= 0) {
            came++;
            out = waldo__lodging_find(sent.buffers[0]->id.data);
            cr_assert_not_null(out);
            waldo_mp_buffer_unref(out);
        }
        waldo__arrived_free(&arrived);
        free_letter(&sent);
    }
    cr_assert_gt(came, 0);
    waldo_mp_buffer_unref(buffer);
    cr_assert_not(waldo__lodging_is_used());
}

Test(carried, a_message_that_was_not_sent_keeps_its_buffer)
{
    Waldo__Value *message;
    waldo_value *back;
    waldo_mp_buffer *buffer = new_numbers(77);
    waldo_value *value = waldo_mp_buffer_value(buffer);
    OK(waldo_value_to_message(value, NULL, &message, &err));
    waldo_value_unref(value);
    waldo_mp_buffer_unref(buffer);
    OK(waldo_value_from_message(message, &back, &err));
    OK(waldo_mp_buffer_from_value(back, &buffer, &err));
    waldo_value_unref(back);
    cr_assert_eq(*(int32_t *)waldo_mp_buffer_tensor(buffer)->data, 77);
    waldo__carried carried = {0};
    OK(waldo__carry_collect(&message->base, &carried, &err));
    waldo__carried_free(&carried);
    waldo_mp_buffer_unref(buffer);
    cr_expect_eq(waldo__carry_collect(&message->base, &carried, &err), 0);
    cr_expect_eq(waldo_value_from_message(message, &back, &err), WALDO_EKEY);
    waldo__value__free_unpacked(message, NULL);
}

Test(carried, a_probe_is_believed_for_its_secret_only)
{
    waldo__probe probe;
    waldo__probe_init(&probe);
    cr_assert(waldo__probe_is_reached(&probe.message));
    probe.secret[3] ^= 1;
    cr_assert_not(waldo__probe_is_reached(&probe.message));
    probe.secret[3] ^= 1;
    probe.message.secret.len--;
    cr_assert_not(waldo__probe_is_reached(&probe.message));
    probe.message.secret.len++;
    waldo__probe_close(&probe);
    cr_assert_not(waldo__probe_is_reached(&probe.message));
    cr_assert_not(waldo__probe_is_reached(NULL));
}
