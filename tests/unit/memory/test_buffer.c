/* Rows S1-S6, pain 49: shared buffers. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/mp/buffer.h>
#include <waldo/mp/queue.h>

#include "memory/classes.h"
#include "unit/memory/children.h"

static waldo_error err;
static const DLDataType real32 = {kDLFloat, 32, 1};
static const DLDataType byte8 = {kDLUInt, 8, 1};

static const waldo_mp_sharing both_ways[] = {WALDO_MP_BY_DESCRIPTOR, WALDO_MP_BY_NAME};

static waldo_mp_buffer *new_matrix(int64_t rows, int64_t columns, waldo_mp_sharing sharing)
{
    waldo_mp_buffer *buffer;
    OK(waldo_mp_buffer_new(real32, 2, (int64_t[]){rows, columns}, sharing, &buffer, &err));
    return buffer;
}

static float *data_of(const waldo_mp_buffer *buffer)
{
    return waldo_mp_buffer_tensor(buffer)->data;
}

static int named_buffers(void)
{
    int count = 0;
    DIR *directory = opendir("/dev/shm");
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strncmp(entry->d_name, "waldo_buffer_", 13) == 0;
    closedir(directory);
    return count;
}

static void expect_named(int count)
{
    double end = seconds_now() + SOON;
    while (named_buffers() != count && seconds_now() < end)
        usleep(10000);
    cr_expect_eq(named_buffers(), count);
}

Test(buffer, shape_and_views)
{
    waldo_mp_buffer *matrix = new_matrix(3, 4, WALDO_MP_BY_DESCRIPTOR);
    const DLTensor *tensor = waldo_mp_buffer_tensor(matrix);
    cr_expect_eq(tensor->ndim, 2);
    cr_expect_eq(tensor->shape[1], 4);
    cr_expect_eq(tensor->strides[0], 4);
    cr_expect_eq(tensor->device.device_type, kDLCPU);
    for (int i = 0; i < 12; ++i) {
        cr_expect_eq(data_of(matrix)[i], 0);
        data_of(matrix)[i] = (float)i;
    }
    waldo_mp_buffer *column;
    OK(waldo_mp_buffer_view(matrix, 1, 1, (int64_t[]){3}, (int64_t[]){4}, &column, &err));
    cr_expect_eq(data_of(column)[2 * waldo_mp_buffer_tensor(column)->strides[0]], 9);
    waldo_mp_buffer *backwards;
    OK(waldo_mp_buffer_view(column, 8, 1, (int64_t[]){3}, (int64_t[]){-4}, &backwards, &err));
    cr_expect_eq(data_of(backwards)[0], 9);
    cr_expect(waldo_mp_buffer_same_memory(matrix, backwards));
    waldo_mp_buffer_unref(matrix);
    cr_expect_eq(data_of(column)[0], 1);
    waldo_mp_buffer_unref(column);
    waldo_mp_buffer_unref(backwards);
}

static void refuse_view(waldo_mp_buffer *buffer, int64_t offset, int64_t length, int64_t stride,
                        int status)
{
    waldo_mp_buffer *view;
    cr_expect_eq(waldo_mp_buffer_view(buffer, offset, 1, &length, &stride, &view, &err), status);
}

Test(buffer, bad_input)
{
    waldo_mp_buffer *buffer;
    int64_t many[20] = {0};
    cr_expect_eq(waldo_mp_buffer_new(real32, 20, many, WALDO_MP_BY_DESCRIPTOR, &buffer, &err),
                 WALDO_EVALUE);
    cr_expect_eq(waldo_mp_buffer_new(real32, -1, many, WALDO_MP_BY_DESCRIPTOR, &buffer, &err),
                 WALDO_EVALUE);
    cr_expect_eq(
        waldo_mp_buffer_new(real32, 1, (int64_t[]){-1}, WALDO_MP_BY_DESCRIPTOR, &buffer, &err),
        WALDO_EVALUE);
    cr_expect_eq(waldo_mp_buffer_new((DLDataType){kDLInt, 4, 1}, 0, NULL, WALDO_MP_BY_DESCRIPTOR,
                                     &buffer, &err),
                 WALDO_EVALUE);
    int64_t huge[] = {INT64_MAX / 2, 1};
    cr_expect_eq(waldo_mp_buffer_new(real32, 2, huge, WALDO_MP_BY_DESCRIPTOR, &buffer, &err),
                 WALDO_ENOMEM);
    cr_expect_eq(waldo_mp_buffer_new(byte8, 2, huge, WALDO_MP_BY_NAME, &buffer, &err),
                 WALDO_ENOMEM);
    buffer = new_matrix(2, 5, WALDO_MP_BY_DESCRIPTOR);
    refuse_view(buffer, 0, 11, 1, WALDO_EINDEX);
    refuse_view(buffer, 1, 10, 1, WALDO_EINDEX);
    refuse_view(buffer, -1, 1, 1, WALDO_EINDEX);
    refuse_view(buffer, 4, 6, -1, WALDO_EINDEX);
    refuse_view(buffer, INT64_MAX, 1, 1, WALDO_EINDEX);
    refuse_view(buffer, 0, 2, INT64_MAX, WALDO_EINDEX);
    refuse_view(buffer, 0, INT64_MAX, INT64_MAX, WALDO_EINDEX);
    refuse_view(buffer, 0, -1, 1, WALDO_EVALUE);
    waldo_mp_buffer_unref(buffer);
}

static int deleted;

static void delete_sample(DLManagedTensor *tensor)
{
    (void)tensor;
    ++deleted;
}

Test(buffer, share_memory_moves_once)
{
    int16_t items[] = {1, 2, 3, 4, 5, 6};
    DLManagedTensor sample = {.dl_tensor = {.data = items,
                                            .device = {kDLCPU, 0},
                                            .ndim = 2,
                                            .dtype = {kDLInt, 16, 1},
                                            .shape = (int64_t[]){3, 2},
                                            .strides = (int64_t[]){1, 3}},
                              .deleter = delete_sample};
    waldo_mp_buffer *buffer;
    OK(waldo_mp_buffer_share_memory(&sample, WALDO_MP_BY_DESCRIPTOR, &buffer, &err));
    cr_expect_eq(deleted, 1);
    const int16_t *moved = waldo_mp_buffer_tensor(buffer)->data;
    const int16_t expected[] = {1, 4, 2, 5, 3, 6};
    cr_expect(memcmp(moved, expected, sizeof expected) == 0);
    DLManagedTensor *out;
    waldo_mp_buffer *again;
    OK(waldo_mp_buffer_to_dlpack(buffer, &out, &err));
    OK(waldo_mp_buffer_share_memory(out, WALDO_MP_BY_DESCRIPTOR, &again, &err));
    cr_expect_eq(again, buffer);
    waldo_mp_buffer_unref(again);
    waldo_mp_buffer_unref(buffer);
    sample.dl_tensor.device.device_type = kDLCUDA;
    cr_expect_eq(waldo_mp_buffer_share_memory(&sample, WALDO_MP_BY_NAME, &buffer, &err),
                 WALDO_EVALUE);
    cr_expect_eq(deleted, 2);
}

static waldo_mp_buffer *take(waldo_mp_queue *queue)
{
    waldo_value *item;
    waldo_mp_buffer *buffer;
    MUST(waldo_mp_queue_get(queue, SOON, &item, NULL) >= 0);
    MUST(waldo_mp_buffer_from_value(item, &buffer, NULL) >= 0);
    waldo_value_unref(item);
    return buffer;
}

static waldo_mp_buffer *inherited;

struct two_queues {
    waldo_mp_queue *there;
    waldo_mp_queue *back;
};

/* Gets one buffer twice and a view of it, and writes into the view. */
static int use_buffers(void *data)
{
    struct two_queues *queues = data;
    waldo_mp_buffer *first = take(queues->there);
    waldo_mp_buffer *second = take(queues->there);
    waldo_mp_buffer *view = take(queues->there);
    MUST(data_of(first) == data_of(second));
    MUST(data_of(view) == data_of(first) + 3);
    MUST(data_of(first)[0] == 1);
    data_of(view)[0] = 7;
    MUST(waldo_mp_queue_put(queues->back, waldo_v(1), SOON, NULL) >= 0);
    waldo_mp_buffer_unref(first);
    waldo_mp_buffer_unref(second);
    waldo_mp_buffer_unref(view);
    return 0;
}

static void send(waldo_mp_queue *queue, waldo_mp_buffer *buffer)
{
    OK(waldo_mp_queue_put(queue, waldo_mp_buffer_value(buffer), 0, &err));
}

Test(buffer, is_the_same_memory_in_another_process)
{
    struct two_queues queues;
    OK(waldo_mp_queue_new(NULL, &queues.there, &err));
    OK(waldo_mp_queue_new(NULL, &queues.back, &err));
    for (int i = 0; i < 2; ++i) {
        pid_t child = start_child(use_buffers, &queues);
        waldo_mp_buffer *matrix = new_matrix(2, 3, both_ways[i]);
        waldo_mp_buffer *view;
        waldo_value *answer;
        data_of(matrix)[0] = 1;
        OK(waldo_mp_buffer_view(matrix, 3, 1, (int64_t[]){3}, NULL, &view, &err));
        send(queues.there, matrix);
        send(queues.there, matrix);
        send(queues.there, view);
        waldo_mp_buffer_unref(view);
        OK(waldo_mp_queue_get(queues.back, SOON, &answer, &err));
        waldo_value_unref(answer);
        cr_expect_eq(data_of(matrix)[3], 7);
        cr_expect_eq(join_child(child), 0);
        waldo_mp_buffer_unref(matrix);
    }
    waldo_mp_queue_unref(queues.there);
    waldo_mp_queue_unref(queues.back);
}

static int wait_in_the_queue(void *data)
{
    waldo_mp_buffer *buffer = take(data);
    int first = (int)data_of(buffer)[0];
    waldo_mp_buffer_unref(buffer);
    return first;
}

/* ---- not copied ---- */

enum { LARGE_MIB = 64 };

/* MiB of a process, of one kind; -1: the kernel does not tell. */
static double resident(pid_t process, const char *kind)
{
    char path[64], line[256];
    double mib = -1;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)process);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, kind, strlen(kind)) == 0)
            mib = strtod(line + strlen(kind), NULL) / 1024;
    if (file)
        fclose(file);
    return mib;
}

static int read_all_of_it(void *data)
{
    struct two_queues *queues = data;
    waldo_mp_buffer *buffer = take(queues->there);
    const DLTensor *tensor = waldo_mp_buffer_tensor(buffer);
    int sum = 0;
    for (int64_t i = 0; i < tensor->shape[0]; i += 4096)
        sum += ((volatile uint8_t *)tensor->data)[i];
    MUST(waldo_mp_queue_put(queues->back, waldo_v(sum), SOON, NULL) >= 0);
    waldo_value *end;
    MUST(waldo_mp_queue_get(queues->there, SOON, &end, NULL) >= 0);
    waldo_value_unref(end);
    waldo_mp_buffer_unref(buffer);
    return 0;
}

Test(buffer, is_in_memory_once)
{
    struct two_queues queues;
    waldo_value *answer;
    waldo_mp_buffer *buffer;
    if (resident(getpid(), "Pss_Shmem:") < 0)
        cr_skip("no /proc/PID/smaps_rollup here");
    for (int i = 0; i < 2; ++i) {
        OK(waldo_mp_queue_new(NULL, &queues.there, &err));
        OK(waldo_mp_queue_new(NULL, &queues.back, &err));
        pid_t child = start_child(read_all_of_it, &queues);
        double before = resident(getpid(), "Pss_Shmem:") + resident(child, "Pss_Shmem:");
#ifndef __SANITIZE_THREAD__
        double private_before = resident(child, "Anonymous:");
#endif
        OK(waldo_mp_buffer_new(byte8, 1, (int64_t[]){LARGE_MIB << 20}, both_ways[i], &buffer,
                               &err));
        memset(waldo_mp_buffer_tensor(buffer)->data, 1, LARGE_MIB << 20);
        send(queues.there, buffer);
        OK(waldo_mp_queue_get(queues.back, SOON, &answer, &err));
        waldo_value_unref(answer);
        double both = resident(getpid(), "Pss_Shmem:") + resident(child, "Pss_Shmem:") - before;
        cr_expect_gt(both, LARGE_MIB * 0.8, "%.1f MiB", both);
        cr_expect_lt(both, LARGE_MIB * 1.4, "%.1f MiB", both);
#ifndef __SANITIZE_THREAD__ /* which takes memory for all that is touched */
        cr_expect_lt(resident(child, "Anonymous:") - private_before, LARGE_MIB * 0.4);
#endif
        OK(waldo_mp_queue_put(queues.there, waldo_v(0), 0, &err));
        cr_expect_eq(join_child(child), 0);
        waldo_mp_buffer_unref(buffer);
        waldo_mp_queue_unref(queues.there);
        waldo_mp_queue_unref(queues.back);
    }
}

Test(buffer, on_its_way_outlives_its_sender)
{
    waldo_mp_queue *queue;
    OK(waldo_mp_queue_new(NULL, &queue, &err));
    for (int i = 0; i < 2; ++i) {
        waldo_mp_buffer *buffer = new_matrix(1, 1, both_ways[i]);
        data_of(buffer)[0] = 42;
        send(queue, buffer);
        waldo_mp_buffer_unref(buffer);
        cr_expect_eq(join_child(start_child(wait_in_the_queue, queue)), 42);
    }
    waldo_mp_queue_unref(queue);
}

/* What a child got by fork. */
static int send_inherited(void *data)
{
    struct two_queues *queues = data;
    waldo_value *go;
    MUST(waldo_mp_queue_get(queues->there, SOON, &go, NULL) >= 0);
    waldo_value_unref(go);
    MUST(waldo_mp_queue_put(queues->back, waldo_mp_buffer_value(inherited), SOON, NULL) >= 0);
    MUST(waldo_mp_queue_get(queues->there, SOON, &go, NULL) >= 0);
    waldo_value_unref(go);
    waldo_mp_buffer_unref(inherited);
    return 0;
}

Test(buffer, of_a_parent_keeps_its_name_for_the_child)
{
    struct two_queues queues;
    OK(waldo_mp_queue_new(NULL, &queues.there, &err));
    OK(waldo_mp_queue_new(NULL, &queues.back, &err));
    for (int i = 0; i < 2; ++i) {
        inherited = new_matrix(1, 1, both_ways[i]);
        data_of(inherited)[0] = 9;
        pid_t child = start_child(send_inherited, &queues);
        waldo_mp_buffer_unref(inherited);
        OK(waldo_mp_queue_put(queues.there, waldo_v(1), 0, &err));
        waldo_mp_buffer *same = take(queues.back);
        cr_expect_eq(data_of(same)[0], 9);
        OK(waldo_mp_queue_put(queues.there, waldo_v(1), 0, &err));
        cr_expect_eq(join_child(child), 0);
        waldo_mp_buffer_unref(same);
    }
    expect_named(0);
    waldo_mp_queue_unref(queues.there);
    waldo_mp_queue_unref(queues.back);
}

static int make_named_and_die(void *data)
{
    waldo_mp_buffer *buffer;
    (void)data;
    MUST(waldo_mp_buffer_new(byte8, 1, (int64_t[]){1000}, WALDO_MP_BY_NAME, &buffer, NULL) >= 0);
    kill(getpid(), SIGKILL);
    return 0;
}

Test(buffer, names_are_gone_with_their_users)
{
    waldo_mp_buffer *buffer;
    for (int i = 0; i < 30; ++i) {
        OK(waldo_mp_buffer_new(byte8, 1, (int64_t[]){i}, WALDO_MP_BY_NAME, &buffer, &err));
        waldo_mp_buffer_unref(buffer);
    }
    for (int i = 0; i < 5; ++i)
        cr_expect_eq(join_child(start_child(make_named_and_die, NULL)), -SIGKILL);
    expect_named(0);
}

Test(buffer, without_items)
{
    waldo_mp_queue *queue;
    OK(waldo_mp_queue_new(NULL, &queue, &err));
    for (int i = 0; i < 2; ++i) {
        waldo_mp_buffer *buffer = new_matrix(0, 5, both_ways[i]);
        send(queue, buffer);
        waldo_mp_buffer *same = take(queue);
        cr_expect_eq(waldo_mp_buffer_tensor(same)->shape[0], 0);
        cr_expect(waldo_mp_buffer_same_memory(same, buffer));
        waldo_mp_buffer_unref(same);
        waldo_mp_buffer_unref(buffer);
    }
    waldo_mp_queue_unref(queue);
}

Test(buffer, handles_with_nonsense_in_them)
{
    waldo_mp_buffer *buffer = new_matrix(2, 3, WALDO_MP_BY_DESCRIPTOR);
    for (int i = 0; i < 3000; ++i) {
        waldo__reduced reduced = {.size = 0};
        void *object = NULL;
        OK(waldo__buffer_class.reduce(buffer, &reduced, &err));
        reduced.descriptors[0] = dup(reduced.descriptors[0]);
        for (int j = 0; j < 3; ++j)
            reduced.data[pick((uint32_t)reduced.size)] = (uint8_t)pick(256);
        if (waldo__buffer_class.rebuild(&reduced, &object, &err) < 0)
            continue;
        /* Every item that it says it has is there. */
        const DLTensor *tensor = waldo_mp_buffer_tensor(object);
        int64_t last = 0;
        bool none = false;
        for (int j = 0; j < tensor->ndim; ++j) {
            none |= tensor->shape[j] == 0;
            last += (tensor->shape[j] - 1) * tensor->strides[j];
        }
        if (!none)
            cr_expect_eq(((volatile uint8_t *)tensor->data)[last * (tensor->dtype.bits / 8)], 0);
        waldo__buffer_class.unref(object);
    }
    waldo_mp_buffer_unref(buffer);
}
