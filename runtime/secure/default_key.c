#include "secure/default_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

waldo__secure_mode waldo__secure_mode_for(const waldo__url *url)
{
    switch (url->scheme) {
    case WALDO__IPC:
    case WALDO__NN_IPC:
    case WALDO__INPROC:
        return WALDO__SECURE_CLEAR;
    default:
        return WALDO__SECURE_SEALED;
    }
}

static const char *home_directory(void)
{
    const char *home = getenv("HOME");
    if (home && home[0] == '/')
        return home;
    const struct passwd *user = getpwuid(getuid());
    return user ? user->pw_dir : NULL;
}

static int default_path(char *path, size_t size, waldo_error *reterr)
{
    const char *named = getenv("WALDO_AUTHKEY_FILE");
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = home_directory();
    int length = -1;
    if (named && named[0])
        length = snprintf(path, size, "%s", named);
    else if (config && config[0] == '/')
        length = snprintf(path, size, "%s/waldo/authkey", config);
    else if (home)
        length = snprintf(path, size, "%s/.config/waldo/authkey", home);
    if (length < 0 || (size_t)length >= size)
        return waldo_error_set(reterr, WALDO_ENOTFOUND,
                               "there is no place for the user's key file");
    return 0;
}

/* Directories that are missing are made for the user alone. */
static int make_directories(char *path, waldo_error *reterr)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int status =
            mkdir(path, 0700) < 0 && errno != EEXIST
                ? waldo_error_system(reterr, errno, "a directory for the key file, %s", path)
                : 0;
        *slash = '/';
        if (status < 0)
            return status;
    }
    return 0;
}

static int write_all(int file, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(file, text, left);
        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            text += written;
            left -= (size_t)written;
        }
    }
    return 0;
}

static int write_key(int file, const uint8_t secret[WALDO__KEY_SIZE])
{
    char base64[sodium_base64_ENCODED_LEN(WALDO__KEY_SIZE, sodium_base64_VARIANT_ORIGINAL)];
    char line[sizeof base64 + 64];
    sodium_bin2base64(base64, sizeof base64, secret, WALDO__KEY_SIZE,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(line, sizeof line, "key default %s create=* call=* shutdown list\n", base64);
    int status = write_all(file, line);
    sodium_memzero(base64, sizeof base64);
    sodium_memzero(line, sizeof line);
    return status;
}

static int write_new_key(int file)
{
    uint8_t secret[WALDO__KEY_SIZE];
    randombytes_buf(secret, sizeof secret);
    int status = write_key(file, secret);
    sodium_memzero(secret, sizeof secret);
    return status < 0 ? status : fsync(file);
}

int waldo__key_share(const waldo__key *key, int *ret_descriptor, waldo_error *reterr)
{
    int file = memfd_create("waldo-authkey", 0);
    if (file < 0)
        return waldo_error_system(reterr, errno, "a descriptor for the key");
    if (write_key(file, waldo__key_secret(key)) < 0 || lseek(file, 0, SEEK_SET) < 0) {
        int status = waldo_error_system(reterr, errno, "a descriptor for the key");
        close(file);
        return status;
    }
    *ret_descriptor = file;
    return 0;
}

/* Written elsewhere and linked: two programs that start at once agree on one, and nobody reads half
 * of it. */
static int make_key_file(char *path, waldo_error *reterr)
{
    char temporary[PATH_MAX + 8];
    int status = make_directories(path, reterr);
    if (status < 0)
        return status;
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int file = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (file < 0)
        return waldo_error_system(reterr, errno, "a key file, %s", path);
    if (write_new_key(file) < 0 || (link(temporary, path) < 0 && errno != EEXIST))
        status = waldo_error_system(reterr, errno, "a key file, %s", path);
    close(file);
    unlink(temporary);
    return status;
}

int waldo__keyring_from_default(waldo__keyring **ret_ring, waldo_error *reterr)
{
    char path[PATH_MAX];
    if (sodium_init() < 0)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "libsodium finds no source of random bytes");
    int status = default_path(path, sizeof path, reterr);
    if (status >= 0 && access(path, F_OK) < 0 && errno == ENOENT)
        status = make_key_file(path, reterr);
    return status < 0 ? status : waldo__keyring_from_file(path, ret_ring, reterr);
}
