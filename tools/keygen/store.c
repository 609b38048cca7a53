#include "keygen/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "secure/keyring.h"

/* ---- whole files ---- */

static int write_all(int file, const char *path, const char *text, size_t size, waldo_error *reterr)
{
    while (size > 0) {
        ssize_t count = write(file, text, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return waldo_error_system(reterr, errno, "%s", path);
        text += count;
        size -= (size_t)count;
    }
    return 0;
}

/* A new file, which nothing may stand in the place of, not even a link. */
static int create_file(const char *path, int *ret_file, waldo_error *reterr)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return waldo_error_system(reterr, errno, "%s", path);
    *ret_file = file;
    return 0;
}

/* Writes, and closes the file. */
static int fill_file(int file, const char *path, const char *text, size_t size, waldo_error *reterr)
{
    int status = write_all(file, path, text, size, reterr);
    /* Whatever the umask took away. */
    if (status >= 0 && (fchmod(file, S_IRUSR | S_IWUSR) < 0 || fsync(file) < 0))
        status = waldo_error_system(reterr, errno, "%s", path);
    if (close(file) < 0 && status >= 0)
        status = waldo_error_system(reterr, errno, "%s", path);
    return status;
}

/* So that a new name outlives a crash. */
static int sync_directory(const char *path, waldo_error *reterr)
{
    char *copy = strdup(path);
    if (!copy)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory");
    int status = 0;
    int directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fsync(directory) < 0)
        status = waldo_error_system(reterr, errno, "the directory of %s", path);
    if (directory >= 0)
        close(directory);
    free(copy);
    return status;
}

int store_create(const char *path, const char *line, waldo_error *reterr)
{
    int file = -1;
    int status = create_file(path, &file, reterr);
    if (status < 0)
        return status;
    status = fill_file(file, path, line, strlen(line), reterr);
    if (status < 0)
        unlink(path);
    return status < 0 ? status : sync_directory(path, reterr);
}

/* ---- appending ---- */

/* The ring's text with the line at its end, checked. *ret_text goes to sodium_free(). */
static int add_line(const char *path, const char *line, char **ret_text, waldo_error *reterr)
{
    char *old;
    size_t size;
    int status = waldo__keyring_read_file(path, &old, &size, reterr);
    if (status < 0)
        return status;
    size_t room = size + strlen(line) + 2;
    char *text = sodium_malloc(room);
    if (!text) {
        sodium_free(old);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for %s", path);
    }
    memcpy(text, old, size);
    const char *newline = size > 0 && old[size - 1] != '\n' ? "\n" : "";
    size += (size_t)snprintf(text + size, room - size, "%s%s", newline, line);
    sodium_free(old);

    waldo__keyring *ring;
    status = waldo__keyring_parse(text, size, path, &ring, reterr);
    if (status < 0) {
        sodium_free(text);
        return status;
    }
    waldo__keyring_free(ring);
    *ret_text = text;
    return 0;
}

/* Closes the new file and puts it in the place of the old one. */
static int replace(const char *path, const char *new_path, int file, const char *line,
                   waldo_error *reterr)
{
    char *text = NULL;
    int status = add_line(path, line, &text, reterr);
    if (status < 0) {
        close(file);
        return status;
    }
    /* What is in it was parsed: no NUL. */
    status = fill_file(file, new_path, text, strlen(text), reterr);
    sodium_free(text);
    if (status >= 0 && rename(new_path, path) < 0)
        status = waldo_error_system(reterr, errno, "%s", path);
    return status;
}

static int append(const char *path, const char *new_path, const char *line, waldo_error *reterr)
{
    int file = -1;
    int status = create_file(new_path, &file, reterr);
    if (status == WALDO_EEXIST)
        return waldo_error_set(reterr, WALDO_EEXIST,
                               "%s exists: another waldo-keygen is at work, or was cut short and "
                               "left it to be removed",
                               new_path);
    if (status < 0)
        return status;
    status = replace(path, new_path, file, line, reterr);
    if (status < 0)
        unlink(new_path);
    return status < 0 ? status : sync_directory(path, reterr);
}

int store_append(const char *path, const char *line, waldo_error *reterr)
{
    /* A link stays one; what it leads to is replaced. */
    char *real = realpath(path, NULL);
    if (!real)
        return waldo_error_system(reterr, errno, "%s", path);
    char *new_path;
    if (asprintf(&new_path, "%s.new", real) < 0) {
        free(real);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory");
    }
    int status = append(real, new_path, line, reterr);
    free(new_path);
    free(real);
    return status;
}
