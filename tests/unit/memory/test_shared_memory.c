/* Rows K1-K15, pains 45-47: memory with a name. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/mp/shared_memory.h>

#include "unit/memory/children.h"

static waldo_error err;

static bool exists(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "/dev/shm/%s", name);
    return access(path, F_OK) == 0;
}

/* The janitor comes when the last user has gone. */
static void expect_gone(const char *name)
{
    double end = seconds_now() + SOON;
    while (exists(name) && seconds_now() < end)
        usleep(10000);
    cr_expect_not(exists(name), "%s", name);
}

static waldo_mp_shared_memory *create(const char *name, size_t size)
{
    waldo_mp_shared_memory *memory;
    OK(waldo_mp_shared_memory_create(name, size, true, &memory, &err));
    return memory;
}

/* A name that no other test has. */
static const char *own_name(const char *end)
{
    static char name[100];
    snprintf(name, sizeof name, "waldo-test-%d-%s", (int)getpid(), end);
    return name;
}

Test(shared_memory, life)
{
    waldo_mp_shared_memory *memory = create(NULL, 1000);
    waldo_mp_shared_memory *same;
    const char *name = waldo_mp_shared_memory_name(memory);
    cr_expect_eq(strncmp(name, "psm_", 4), 0);
    cr_expect_eq(strlen(name), 12);
    cr_expect_eq(waldo_mp_shared_memory_size(memory), 1000);
    char *repr = waldo_mp_shared_memory_repr(memory);
    char expected[100];
    snprintf(expected, sizeof expected, "SharedMemory('%s', size=1000)", name);
    cr_expect_str_eq(repr, expected);
    free(repr);
    char *data = waldo_mp_shared_memory_buf(memory);
    cr_expect_eq(data[999], 0);
    OK(waldo_mp_shared_memory_attach(name, &same, &err));
    strcpy(data, "text");
    cr_expect_str_eq(waldo_mp_shared_memory_buf(same), "text");
    waldo_mp_shared_memory_close(memory);
    waldo_mp_shared_memory_close(memory);
    cr_expect_null(waldo_mp_shared_memory_buf(memory));
    cr_expect_str_eq(waldo_mp_shared_memory_buf(same), "text");
    OK(waldo_mp_shared_memory_unlink(same, &err));
    cr_expect_not(exists(name));
    cr_expect_eq(waldo_mp_shared_memory_unlink(memory, &err), WALDO_ENOTFOUND);
    cr_expect_str_eq(waldo_mp_shared_memory_buf(same), "text");
    waldo_mp_shared_memory_unref(same);
    waldo_mp_shared_memory_unref(memory);
}

Test(shared_memory, bad_input)
{
    waldo_mp_shared_memory *memory;
    cr_expect_eq(waldo_mp_shared_memory_create(NULL, 0, true, &memory, &err), WALDO_EVALUE);
    cr_expect_eq(waldo_mp_shared_memory_create("", 1, true, &memory, &err), WALDO_EVALUE);
    cr_expect_eq(waldo_mp_shared_memory_create("a/b", 1, true, &memory, &err), WALDO_EVALUE);
    cr_expect_eq(waldo_mp_shared_memory_create("..", 1, true, &memory, &err), WALDO_EVALUE);
    cr_expect_lt(waldo_mp_shared_memory_create(NULL, (size_t)1 << 50, true, &memory, &err), 0);
    cr_expect_eq(waldo_mp_shared_memory_create(NULL, SIZE_MAX, true, &memory, &err), WALDO_EVALUE);
    char long_name[400];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[399] = '\0';
    cr_expect_eq(waldo_mp_shared_memory_create(long_name, 1, true, &memory, &err), WALDO_EVALUE);
    cr_expect_eq(waldo_mp_shared_memory_attach(NULL, &memory, &err), WALDO_EVALUE);
    cr_expect_eq(waldo_mp_shared_memory_attach(own_name("none"), &memory, &err), WALDO_ENOTFOUND);
    const char *name = own_name("taken: odd\nname");
    memory = create(name, 1);
    waldo_mp_shared_memory *second;
    cr_expect_eq(waldo_mp_shared_memory_create(name, 1, true, &second, &err), WALDO_EEXIST);
    cr_expect_str_eq(err.type_name, "FileExistsError");
    OK(waldo_mp_shared_memory_unlink(memory, &err));
    waldo_mp_shared_memory_unref(memory);
}

static int create_and_die(void *data)
{
    waldo_mp_shared_memory *memory;
    MUST(waldo_mp_shared_memory_create(data, 10, true, &memory, NULL) >= 0);
    strcpy(waldo_mp_shared_memory_buf(memory), "mine");
    kill(getpid(), SIGKILL);
    return 0;
}

Test(shared_memory, of_a_killed_process_is_unlinked)
{
    char name[100];
    snprintf(name, sizeof name, "%s", own_name("killed"));
    cr_expect_eq(join_child(start_child(create_and_die, name)), -SIGKILL);
    expect_gone(name);
}

struct shared_name {
    char before[100], name[100], after[100];
    int ready[2];
};

static int create_and_wait(void *data)
{
    struct shared_name *shared = data;
    waldo_mp_shared_memory *memory, *other;
    MUST(waldo_mp_shared_memory_create(shared->before, 10, true, &other, NULL) >= 0);
    MUST(waldo_mp_shared_memory_create(shared->name, 10, true, &memory, NULL) >= 0);
    MUST(waldo_mp_shared_memory_create(shared->after, 10, true, &other, NULL) >= 0);
    strcpy(waldo_mp_shared_memory_buf(memory), "mine");
    MUST(write(shared->ready[1], "x", 1) == 1);
    sleep_for_ever();
    return 0;
}

Test(shared_memory, of_a_killed_process_stays_while_others_use_it)
{
    struct shared_name shared;
    char byte;
    waldo_mp_shared_memory *memory;
    snprintf(shared.before, sizeof shared.before, "%s", own_name("before"));
    snprintf(shared.name, sizeof shared.name, "%s", own_name("used"));
    snprintf(shared.after, sizeof shared.after, "%s", own_name("after"));
    cr_assert_eq(pipe(shared.ready), 0);
    pid_t child = start_child(create_and_wait, &shared);
    cr_assert_eq(read(shared.ready[0], &byte, 1), 1);
    OK(waldo_mp_shared_memory_attach(shared.name, &memory, &err));
    kill_child(child);
    /* The janitor has looked at those before and behind it. */
    expect_gone(shared.before);
    expect_gone(shared.after);
    cr_expect(exists(shared.name));
    cr_expect_str_eq(waldo_mp_shared_memory_buf(memory), "mine");
    waldo_mp_shared_memory_unref(memory);
    expect_gone(shared.name);
    close(shared.ready[0]);
    close(shared.ready[1]);
}

static int create_untracked(void *data)
{
    waldo_mp_shared_memory *memory;
    MUST(waldo_mp_shared_memory_create(data, 10, false, &memory, NULL) >= 0);
    waldo_mp_shared_memory_unref(memory);
    return 0;
}

static int create_tracked(void *data)
{
    waldo_mp_shared_memory *memory;
    MUST(waldo_mp_shared_memory_create(data, 10, true, &memory, NULL) >= 0);
    waldo_mp_shared_memory_unref(memory);
    return 0;
}

Test(shared_memory, untracked_stays_and_tracked_goes)
{
    char untracked[100];
    char tracked[100];
    waldo_mp_shared_memory *memory;
    snprintf(untracked, sizeof untracked, "%s", own_name("untracked"));
    snprintf(tracked, sizeof tracked, "%s", own_name("tracked"));
    cr_expect_eq(join_child(start_child(create_untracked, untracked)), 0);
    cr_expect_eq(join_child(start_child(create_tracked, tracked)), 0);
    expect_gone(tracked);
    OK(waldo_mp_shared_memory_attach(untracked, &memory, &err));
    OK(waldo_mp_shared_memory_unlink(memory, &err));
    waldo_mp_shared_memory_unref(memory);
}

static void expect_item(waldo_mp_shareable_list *list, int64_t index, const char *repr)
{
    waldo_value *item;
    OK(waldo_mp_shareable_list_get(list, index, &item, &err));
    char *text = waldo_value_repr(item);
    cr_expect_str_eq(text, repr);
    free(text);
    waldo_value_unref(item);
}

static waldo_mp_shareable_list *sample(void)
{
    waldo_mp_shareable_list *list;
    OK(waldo_mp_shareable_list_create(
        waldo_v_list(waldo_v("howdy"), waldo_v_bytes("ho\0\0", 4), waldo_v(-273), waldo_v(2.5),
                     waldo_v_none(), waldo_v_bool(true), waldo_v("\xf0\x9f\x98\x80\xc3\xa4")),
        NULL, &list, &err));
    return list;
}

static void drop(waldo_mp_shareable_list *list)
{
    OK(waldo_mp_shared_memory_unlink(waldo_mp_shareable_list_shm(list), &err));
    waldo_mp_shareable_list_unref(list);
}

Test(shareable_list, gives_what_was_set)
{
    waldo_mp_shareable_list *list = sample();
    waldo_mp_shareable_list *same;
    const char *name = waldo_mp_shared_memory_name(waldo_mp_shareable_list_shm(list));
    OK(waldo_mp_shareable_list_attach(name, &same, &err));
    cr_expect_eq(waldo_mp_shareable_list_length(same), 7);
    expect_item(same, 0, "'howdy'");
    expect_item(same, 1, "b'ho\\x00\\x00'");
    expect_item(same, 2, "-273");
    expect_item(same, 3, "2.5");
    expect_item(same, -3, "None");
    expect_item(same, -2, "True");
    expect_item(same, -1, "'\xf0\x9f\x98\x80\xc3\xa4'");
    char *format;
    OK(waldo_mp_shareable_list_format(list, &format, &err));
    cr_expect_str_eq(format, "8s8sqdxxxxxx?xxxxxxxx?8s");
    free(format);
    OK(waldo_mp_shareable_list_set(list, 0, waldo_v(7), &err));
    OK(waldo_mp_shareable_list_set(list, 2, waldo_v("x"), &err));
    expect_item(same, 0, "7");
    expect_item(same, 2, "'x'");
    waldo_mp_shareable_list_unref(same);
    drop(list);
}

Test(shareable_list, refuses)
{
    waldo_mp_shareable_list *list = sample();
    waldo_value *item;
    cr_expect_eq(waldo_mp_shareable_list_set(list, 0, waldo_v("too long for it"), &err),
                 WALDO_EVALUE);
    cr_expect_str_eq(err.message, "bytes/str item exceeds available storage");
    expect_item(list, 0, "'howdy'");
    cr_expect_eq(waldo_mp_shareable_list_set(list, 0, waldo_v_list(), &err), WALDO_ETYPE);
    cr_expect_eq(waldo_mp_shareable_list_set(list, 7, waldo_v(1), &err), WALDO_EINDEX);
    cr_expect_eq(waldo_mp_shareable_list_get(list, -8, &item, &err), WALDO_EINDEX);
    cr_expect_eq(waldo_mp_shareable_list_create(waldo_v_list(waldo_v_set()), NULL, &list, &err),
                 WALDO_ETYPE);
    cr_expect_eq(waldo_mp_shareable_list_create(waldo_v(1), NULL, &list, &err), WALDO_ETYPE);
    waldo_mp_shared_memory_close(waldo_mp_shareable_list_shm(list));
    cr_expect_eq(waldo_mp_shareable_list_get(list, 0, &item, &err), WALDO_EVALUE);
    drop(list);
    waldo_mp_shared_memory *memory = create(NULL, 100);
    cr_expect_eq(waldo_mp_shareable_list_attach(waldo_mp_shared_memory_name(memory), &list, &err),
                 WALDO_EPROTOCOL);
    OK(waldo_mp_shared_memory_unlink(memory, &err));
    waldo_mp_shared_memory_unref(memory);
}

Test(shareable_list, count_index_copy)
{
    waldo_mp_shareable_list *list;
    waldo_mp_shareable_list *copy;
    size_t number;
    OK(waldo_mp_shareable_list_create(waldo_v_tuple(waldo_v(1), waldo_v(2), waldo_v(1.0)), NULL,
                                      &list, &err));
    waldo_value *one = waldo_v(1);
    waldo_value *nine = waldo_v(9);
    OK(waldo_mp_shareable_list_count(list, one, &number, &err));
    cr_expect_eq(number, 2);
    OK(waldo_mp_shareable_list_index(list, one, &number, &err));
    cr_expect_eq(number, 0);
    cr_expect_eq(waldo_mp_shareable_list_index(list, nine, &number, &err), WALDO_EVALUE);
    OK(waldo_mp_shareable_list_copy(list, NULL, &copy, &err));
    OK(waldo_mp_shareable_list_set(copy, 0, waldo_v(5), &err));
    expect_item(list, 0, "1");
    expect_item(copy, 0, "5");
    waldo_value_unref(one);
    waldo_value_unref(nine);
    drop(copy);
    drop(list);
    OK(waldo_mp_shareable_list_create(waldo_v_list(), NULL, &list, &err));
    cr_expect_eq(waldo_mp_shareable_list_length(list), 0);
    drop(list);
}

Test(shareable_list, with_nonsense_in_it)
{
    for (int i = 0; i < 2000; ++i) {
        waldo_mp_shareable_list *list = sample();
        waldo_value *item;
        uint8_t *memory = waldo_mp_shared_memory_buf(waldo_mp_shareable_list_shm(list));
        size_t size = waldo_mp_shared_memory_size(waldo_mp_shareable_list_shm(list));
        for (int j = 0; j < 8; ++j)
            memory[pick((uint32_t)size)] = (uint8_t)pick(256);
        for (int j = 0; j < 7; ++j) {
            if (waldo_mp_shareable_list_get(list, j, &item, &err) >= 0)
                waldo_value_unref(item);
            (void)!waldo_mp_shareable_list_set(list, j, waldo_v("a"), &err);
        }
        drop(list);
    }
}

Test(shared_memory_manager, unlinks_all)
{
    waldo_mp_shared_memory_manager *manager;
    waldo_mp_shared_memory *memory;
    waldo_mp_shareable_list *list;
    OK(waldo_mp_shared_memory_manager_new(&manager, &err));
    OK(waldo_mp_shared_memory_manager_memory(manager, 100, &memory, &err));
    OK(waldo_mp_shared_memory_manager_list(manager, waldo_v_list(waldo_v(1)), &list, &err));
    cr_expect(exists(waldo_mp_shared_memory_name(memory)));
    waldo_mp_shared_memory_manager_shutdown(manager);
    waldo_mp_shared_memory_manager_shutdown(manager);
    cr_expect_not(exists(waldo_mp_shared_memory_name(memory)));
    cr_expect_not(exists(waldo_mp_shared_memory_name(waldo_mp_shareable_list_shm(list))));
    expect_item(list, 0, "1");
    waldo_mp_shared_memory *more;
    cr_expect_eq(waldo_mp_shared_memory_manager_memory(manager, 100, &more, &err), WALDO_EVALUE);
    waldo_mp_shareable_list_unref(list);
    waldo_mp_shared_memory_unref(memory);
    waldo_mp_shared_memory_manager_unref(manager);
}
