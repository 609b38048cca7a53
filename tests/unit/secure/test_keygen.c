/* waldo-keygen, as a user runs it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <libgen.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/secure/support.h"

static char program[4096];
static char directory[64];
static char path[96];
static char new_path[112];

/* Of the last run; both streams. */
static char output[8192];

static void init(void)
{
    char self[4000] = "";
    cr_assert_gt(readlink("/proc/self/exe", self, sizeof self - 1), 0);
    snprintf(program, sizeof program, "%s/../bin/waldo-keygen", dirname(self));
    strcpy(directory, "/tmp/waldo-keygen-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/keys", directory);
    snprintf(new_path, sizeof new_path, "%s.new", path);
}

static void fini(void)
{
    unlink(path);
    cr_assert_eq(rmdir(directory), 0, "something else was left behind");
}

TestSuite(keygen, .init = init, .fini = fini);

static void read_output(int descriptor)
{
    size_t size = 0;
    for (ssize_t count; (count = read(descriptor, output + size, sizeof output - 1 - size)) > 0;)
        size += (size_t)count;
    output[size] = '\0';
    close(descriptor);
}

/* Runs it with these arguments, NULL at the end; returns its exit status. */
static int run(const char *const *arguments)
{
    const char *argv[8] = {program};
    for (size_t i = 0; arguments[i]; i++)
        argv[i + 1] = arguments[i];
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    pid_t child;
    cr_assert_eq(posix_spawn(&child, program, &actions, NULL, (char **)argv, environ), 0,
                 "%s cannot be run", program);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    read_output(ends[0]);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static waldo__keyring *read_ring(void)
{
    waldo__keyring *ring = NULL;
    waldo_error error = WALDO_ERROR_INIT;
    cr_assert_geq(waldo__keyring_from_file(path, &ring, &error), 0, "%s", error.message);
    return ring;
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, 0600), 0);
}

static void check_file(const char *text)
{
    char content[1024] = "";
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_eq(fread(content, 1, sizeof content - 1, file), strlen(text));
    fclose(file);
    cr_assert_str_eq(content, text);
}

static bool is_there(const char *name)
{
    struct stat file;
    return lstat(name, &file) == 0;
}

Test(keygen, makes_a_private_file_with_one_key_and_all_rights)
{
    cr_assert_eq(RUN(path), 0, "%s", output);
    struct stat file;
    cr_assert_eq(stat(path, &file), 0);
    cr_assert_eq(file.st_mode, (mode_t)(S_IFREG | 0600));
    waldo__keyring *ring = read_ring();
    waldo__key *key = only_key(ring);
    char line[80];
    snprintf(line, sizeof line, "%s\n", waldo__key_name(key));
    cr_assert_str_eq(output, line, "the name is all that it says");
    cr_assert(waldo__key_may_create(key, "dict") && waldo__key_may_call(key, "dict") &&
              waldo__key_may_shutdown(key) && waldo__key_may_list(key));
    waldo__keyring_free(ring);
}

Test(keygen, the_umask_neither_opens_nor_closes_the_file)
{
    umask(0);
    cr_assert_eq(RUN(path), 0, "%s", output);
    struct stat file;
    cr_assert_eq(stat(path, &file), 0);
    cr_assert_eq(file.st_mode & 07777, (mode_t)0600);
    unlink(path);
    umask(0277);
    cr_assert_eq(RUN(path), 0, "%s", output);
    cr_assert_eq(stat(path, &file), 0);
    cr_assert_eq(file.st_mode & 07777, (mode_t)0600);
}

Test(keygen, takes_a_name_and_rights)
{
    cr_assert_eq(RUN("--name", "night.shift", "--rights", "call=dict,list list", path), 0);
    cr_assert_str_eq(output, "night.shift\n");
    waldo__keyring *ring = read_ring();
    waldo__key *key = only_key(ring);
    cr_assert_str_eq(waldo__key_name(key), "night.shift");
    cr_assert(waldo__key_may_call(key, "list") && waldo__key_may_list(key));
    cr_assert_not(waldo__key_may_create(key, "dict") || waldo__key_may_shutdown(key));
    waldo__keyring_free(ring);
}

Test(keygen, no_rights_are_possible)
{
    cr_assert_eq(RUN("--rights", "", path), 0, "%s", output);
    waldo__keyring *ring = read_ring();
    cr_assert_not(waldo__key_may_call(only_key(ring), "dict"));
    waldo__keyring_free(ring);
}

Test(keygen, overwrites_nothing)
{
    write_file("precious\n");
    cr_assert_eq(RUN(path), 1);
    cr_assert_not_null(strstr(output, "File exists"), "%s", output);
    check_file("precious\n");
    unlink(path);
    cr_assert_eq(symlink("nowhere", path), 0);
    cr_assert_eq(RUN(path), 1);
}

Test(keygen, appends_keys_and_keeps_the_rest)
{
    static const char old[] = "# mine\nkey a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= list";
    write_file(old);
    cr_assert_eq(RUN("--append", "--name", "b", path), 0, "%s", output);
    cr_assert_eq(RUN("--append", path), 0, "%s", output);
    waldo__keyring *ring = read_ring();
    cr_assert_eq(waldo__keyring_count(ring), (size_t)3);
    cr_assert_str_eq(waldo__key_name(waldo__keyring_at(ring, 0)), "a");
    cr_assert_str_eq(waldo__key_name(waldo__keyring_at(ring, 1)), "b");
    cr_assert_not(waldo__key_same_secret(waldo__keyring_at(ring, 1), waldo__keyring_at(ring, 2)));
    waldo__keyring_free(ring);
    char content[512] = "";
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_gt(fread(content, 1, sizeof content - 1, file), sizeof old);
    fclose(file);
    cr_assert_eq(strncmp(content, old, sizeof old - 1), 0);
    cr_assert_not(is_there(new_path));
}

Test(keygen, appending_follows_a_link)
{
    char link[112];
    snprintf(link, sizeof link, "%s/link", directory);
    cr_assert_eq(RUN(path), 0);
    cr_assert_eq(symlink("keys", link), 0);
    cr_assert_eq(RUN("--append", link), 0, "%s", output);
    struct stat file;
    cr_assert_eq(lstat(link, &file), 0);
    cr_assert(S_ISLNK(file.st_mode));
    unlink(link);
    waldo__keyring *ring = read_ring();
    cr_assert_eq(waldo__keyring_count(ring), (size_t)2);
    waldo__keyring_free(ring);
}

Test(keygen, appending_needs_a_good_ring_and_changes_no_bad_one)
{
    cr_assert_eq(RUN("--append", path), 1, "there is no ring");
    cr_assert_not(is_there(path));

    static const char *const bad[] = {"no ring\n", "key a AAAA\n"};
    for (size_t i = 0; i < 2; i++) {
        write_file(bad[i]);
        cr_assert_eq(RUN("--append", path), 1);
        cr_assert_not_null(strstr(output, "keys:1: "), "%s", output);
        check_file(bad[i]);
    }
    write_file("key a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    cr_assert_eq(RUN("--append", "--name", "a", path), 1);
    cr_assert_not_null(strstr(output, "keys:2: the name stands in line 1 already"), "%s", output);
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_eq(RUN("--append", path), 1);
    cr_assert_not_null(strstr(output, "0644"), "%s", output);
    check_file("key a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    cr_assert_not(is_there(new_path));
}

Test(keygen, two_do_not_append_at_once)
{
    cr_assert_eq(RUN(path), 0);
    int other = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    cr_assert_geq(other, 0);
    cr_assert_eq(RUN("--append", path), 1);
    cr_assert_not_null(strstr(output, "another waldo-keygen"), "%s", output);
    cr_assert(is_there(new_path), "it is not ours to remove");
    close(other);
    unlink(new_path);
}

Test(keygen, wrong_usage_is_status_2_and_makes_nothing)
{
    static const char *const cases[][4] = {
        {NULL},
        {"--name", NULL},
        {"--nmae", "a", path},
        {"--name", "a b", path},
        {"--name", "", path},
        {"--rights", "list\nkey b", path},
        {path, path},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(run(cases[i]), 2, "case %zu", i);
        cr_assert_not_null(strstr(output, "usage: waldo-keygen"), "%s", output);
        cr_assert_not(is_there(path));
    }
}

Test(keygen, unknown_rights_are_an_error)
{
    cr_assert_eq(RUN("--rights", "everything", path), 1);
    cr_assert_not_null(strstr(output, "unknown right"), "%s", output);
    cr_assert_not(is_there(path));
}

Test(keygen, help_and_version)
{
    cr_assert_eq(RUN("--help"), 0);
    cr_assert_eq(strncmp(output, "usage: waldo-keygen", 19), 0);
    cr_assert_eq(RUN("--version"), 0);
    cr_assert_eq(strncmp(output, "waldo-keygen ", 13), 0);
}
