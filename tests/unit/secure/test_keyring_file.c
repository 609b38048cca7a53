#include <criterion/criterion.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/secure/support.h"

static const char text[] = "key a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= list\n"
                           "key b BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

static char directory[64];
static char path[96];

static void init(void)
{
    strcpy(directory, "/tmp/waldo-keyring-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/keys", directory);
}

static void fini(void)
{
    unlink(path);
    rmdir(directory);
}

TestSuite(keyring_file, .init = init, .fini = fini);

static void write_file(const char *content, size_t size, mode_t mode)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(content, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, mode), 0);
}

static void check_ring(waldo__keyring *ring)
{
    cr_assert_eq(waldo__keyring_count(ring), (size_t)2);
    cr_assert_str_eq(waldo__key_name(waldo__keyring_at(ring, 1)), "b");
    waldo__keyring_free(ring);
}

/* Is it refused with this code, by a message that names the file? */
static void check_refused(int code, const char *part)
{
    waldo__keyring *ring = NULL;
    waldo_error error = WALDO_ERROR_INIT;
    cr_assert_eq(waldo__keyring_from_file(path, &ring, &error), code, "%s", error.message);
    cr_assert_null(ring);
    cr_assert_eq(strncmp(error.message, path, strlen(path)), 0, "%s", error.message);
    cr_assert_not_null(strstr(error.message, part), "%s", error.message);
}

Test(keyring_file, a_private_file_is_read)
{
    static const mode_t modes[] = {0600, 0400, 0700};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_file(text, sizeof text - 1, modes[i]);
        waldo__keyring *ring = NULL;
        cr_assert_geq(waldo__keyring_from_file(path, &ring, NULL), 0);
        check_ring(ring);
        unlink(path);
    }
}

Test(keyring_file, a_file_that_others_may_use_is_refused)
{
    static const mode_t modes[] = {0644, 0660, 0640, 0604, 0620, 0602, 0610, 0601, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_file(text, sizeof text - 1, modes[i]);
        char mode[8];
        snprintf(mode, sizeof mode, "%04o", (unsigned)modes[i]);
        check_refused(WALDO_EPERMISSION, mode);
    }
}

Test(keyring_file, a_file_of_another_user_is_refused)
{
    if (geteuid() != 0)
        cr_skip_test("only root can give a file away");
    write_file(text, sizeof text - 1, 0600);
    cr_assert_eq(chown(path, 1, (gid_t)-1), 0);
    check_refused(WALDO_EPERMISSION, "belongs to another user");
}

Test(keyring_file, a_link_is_followed)
{
    char link[128];
    snprintf(link, sizeof link, "%s/link", directory);
    write_file(text, sizeof text - 1, 0600);
    cr_assert_eq(symlink("keys", link), 0);
    waldo__keyring *ring = NULL;
    cr_assert_geq(waldo__keyring_from_file(link, &ring, NULL), 0);
    check_ring(ring);
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_eq(waldo__keyring_from_file(link, &ring, NULL), WALDO_EPERMISSION);
    unlink(link);
}

Test(keyring_file, what_is_no_file_is_refused)
{
    check_refused(WALDO_ENOTFOUND, "No such file");
    cr_assert_eq(mkfifo(path, 0600), 0);
    check_refused(WALDO_EPERMISSION, "is no regular file");
    unlink(path);
    cr_assert_eq(mkdir(path, 0700), 0);
    check_refused(WALDO_EPERMISSION, "is no regular file");
    rmdir(path);
}

Test(keyring_file, a_bad_line_is_named_with_its_file)
{
    write_file("# keys\nkey a\n", 13, 0600);
    check_refused(WALDO_EVALUE, ":2: a key has 32 bytes");
}

Test(keyring_file, the_size_is_bounded)
{
    size_t size = WALDO__KEYRING_MAX_SIZE + 1;
    char *content = malloc(size);
    cr_assert_not_null(content);
    memset(content, '\n', size);
    memcpy(content, text, sizeof text - 1);
    write_file(content, size, 0600);
    check_refused(WALDO_ELIMIT, "has more than 1048576 bytes");
    write_file(content, size - 1, 0600);
    waldo__keyring *ring = NULL;
    cr_assert_geq(waldo__keyring_from_file(path, &ring, NULL), 0);
    check_ring(ring);
    free(content);
}

Test(keyring_file, the_text_can_be_read_to_be_rewritten)
{
    write_file(text, sizeof text - 1, 0600);
    char *content = NULL;
    size_t size = 0;
    cr_assert_geq(waldo__keyring_read_file(path, &content, &size, NULL), 0);
    cr_assert_eq(size, sizeof text - 1);
    cr_assert_arr_eq(content, text, size);
    sodium_free(content);
}

/* ---- descriptors ---- */

Test(keyring_file, a_pipe_is_read_to_its_end_and_stays_open)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], text, sizeof text - 1), (ssize_t)(sizeof text - 1));
    close(ends[1]);
    waldo__keyring *ring = NULL;
    cr_assert_geq(waldo__keyring_from_descriptor(ends[0], &ring, NULL), 0);
    check_ring(ring);
    cr_assert_neq(fcntl(ends[0], F_GETFD), -1);
    close(ends[0]);
}

Test(keyring_file, a_memory_file_is_read_from_where_it_stands)
{
    int file = memfd_create("keys", MFD_CLOEXEC);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, sizeof text - 1), (ssize_t)(sizeof text - 1));
    cr_assert_eq(lseek(file, 0, SEEK_SET), 0);
    waldo__keyring *ring = NULL;
    cr_assert_geq(waldo__keyring_from_descriptor(file, &ring, NULL), 0);
    check_ring(ring);
    /* Where it stands has not changed: two children may read the same one. */
    cr_assert_geq(waldo__keyring_from_descriptor(file, &ring, NULL), 0);
    check_ring(ring);
    waldo_error error;
    cr_assert_gt(lseek(file, 0, SEEK_END), 0);
    cr_assert_eq(waldo__keyring_from_descriptor(file, &ring, &error), WALDO_EVALUE);
    cr_assert_str_eq(error.message, "the keys that were handed over: holds no key");
    close(file);
    cr_assert_eq(waldo__keyring_from_descriptor(file, &ring, &error), WALDO_ESYSTEM);
}

Test(keyring_file, an_endless_writer_is_cut_off)
{
    int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    cr_assert_geq(zeros, 0);
    waldo__keyring *ring = NULL;
    cr_assert_eq(waldo__keyring_from_descriptor(zeros, &ring, NULL), WALDO_ELIMIT);
    close(zeros);
}
