/* A key ring from a file or a descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "secure/keyring.h"

/* Up to one byte more than a ring may have: that one tells that there are too many. */
static int read_all(int descriptor, const char *origin, char *text, size_t *ret_size,
                    waldo_error *reterr)
{
    size_t size = 0;
    /* A file stays where it stands, for another process that has the same descriptor; a pipe has no
     * place. */
    off_t start = lseek(descriptor, 0, SEEK_CUR);
    while (size <= WALDO__KEYRING_MAX_SIZE) {
        size_t room = WALDO__KEYRING_MAX_SIZE + 1 - size;
        ssize_t count = start < 0 ? read(descriptor, text + size, room)
                                  : pread(descriptor, text + size, room, start + (off_t)size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return waldo_error_system(reterr, errno, "%s", origin);
        if (count == 0)
            break;
        size += (size_t)count;
    }
    if (size > WALDO__KEYRING_MAX_SIZE)
        return waldo_error_set(reterr, WALDO_ELIMIT, "%s: has more than %d bytes", origin,
                               WALDO__KEYRING_MAX_SIZE);
    *ret_size = size;
    return 0;
}

static int read_text(int descriptor, const char *origin, char **ret_text, size_t *ret_size,
                     waldo_error *reterr)
{
    if (sodium_init() < 0)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "libsodium finds no source of random bytes");
    char *text = sodium_malloc(WALDO__KEYRING_MAX_SIZE + 1);
    if (!text)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a key ring");
    int status = read_all(descriptor, origin, text, ret_size, reterr);
    if (status < 0)
        sodium_free(text);
    else
        *ret_text = text;
    return status;
}

/* Asks the open file, not its path: that may be another one by now. */
static int check_private(int descriptor, const char *path, waldo_error *reterr)
{
    struct stat file;
    if (fstat(descriptor, &file) < 0)
        return waldo_error_system(reterr, errno, "%s", path);
    if (!S_ISREG(file.st_mode))
        return waldo_error_set(reterr, WALDO_EPERMISSION, "%s: is no regular file", path);
    if (file.st_uid != geteuid())
        return waldo_error_set(reterr, WALDO_EPERMISSION, "%s: belongs to another user", path);
    if (file.st_mode & (S_IRWXG | S_IRWXO))
        return waldo_error_set(reterr, WALDO_EPERMISSION,
                               "%s: has mode %04o, so that others may use the keys: chmod 600 it, "
                               "and think of replacing them",
                               path, (unsigned)(file.st_mode & 07777));
    return 0;
}

int waldo__keyring_read_file(const char *path, char **ret_text, size_t *ret_size,
                             waldo_error *reterr)
{
    /* O_NONBLOCK: a FIFO shall be refused, not waited for. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0)
        return waldo_error_system(reterr, errno, "%s", path);
    int status = check_private(descriptor, path, reterr);
    if (status >= 0)
        status = read_text(descriptor, path, ret_text, ret_size, reterr);
    close(descriptor);
    return status;
}

static int parse_and_free(char *text, size_t size, const char *origin, waldo__keyring **ret_ring,
                          waldo_error *reterr)
{
    int status = waldo__keyring_parse(text, size, origin, ret_ring, reterr);
    sodium_free(text);
    return status;
}

int waldo__keyring_from_file(const char *path, waldo__keyring **ret_ring, waldo_error *reterr)
{
    char *text;
    size_t size;
    int status = waldo__keyring_read_file(path, &text, &size, reterr);
    return status < 0 ? status : parse_and_free(text, size, path, ret_ring, reterr);
}

int waldo__keyring_from_descriptor(int descriptor, waldo__keyring **ret_ring, waldo_error *reterr)
{
    static const char origin[] = "the keys that were handed over";
    char *text;
    size_t size;
    int status = read_text(descriptor, origin, &text, &size, reterr);
    return status < 0 ? status : parse_and_free(text, size, origin, ret_ring, reterr);
}
