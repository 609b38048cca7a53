/* waldo-keygen: makes keys.
 *
 *     waldo-keygen [--append] [--name NAME] [--rights "RIGHT..."] FILE
 *
 * Prints the name of the new key, and never the key. Exit status: 0 made, 1 could not, 2 wrong
 * usage. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "keygen/store.h"
#include "secure/keyring.h"

static const char usage[] =
    "usage: waldo-keygen [--append] [--name NAME] [--rights \"RIGHT...\"] FILE\n"
    "\n"
    "Makes a key of 32 random bytes and writes it to FILE, which is created with mode 0600.\n"
    "A file that is there is not overwritten. Prints the key's name.\n"
    "\n"
    "  --append             add the key to the key ring FILE\n"
    "  --name NAME          1 to 63 of A-Z a-z 0-9 . _ -; key- and a random number\n"
    "  --rights \"RIGHT...\"  what its holder may do; \"create=* call=* shutdown list\"\n"
    "  --version, --help\n"
    "\n"
    "RIGHT is create=TYPEID,... or call=TYPEID,... (* for all types), shutdown, or list.\n";

typedef struct settings {
    const char *name;
    const char *rights;
    const char *path;
    bool append;
} settings;

static int complain(const char *what)
{
    fprintf(stderr, "waldo-keygen: %s\n%s", what, usage);
    return 2;
}

static int fail(const waldo_error *error)
{
    fputs("waldo-keygen: ", stderr);
    waldo_error_print(error, stderr);
    return 1;
}

/* 0: go on; -1: all is said; else the exit status. */
static int read_arguments(int argc, char **argv, settings *chosen)
{
    static const struct option options[] = {
        {"append", no_argument, NULL, 'a'},       {"name", required_argument, NULL, 'n'},
        {"rights", required_argument, NULL, 'r'}, {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'a':
            chosen->append = true;
            break;
        case 'n':
            chosen->name = optarg;
            break;
        case 'r':
            chosen->rights = optarg;
            break;
        case 'v':
            puts("waldo-keygen " WALDO_VERSION);
            return -1;
        case 'h':
            fputs(usage, stdout);
            return -1;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind != argc - 1)
        return complain(optind < argc ? "more than one FILE" : "no FILE");
    chosen->path = argv[optind];
    if (!waldo__key_name_is_valid(chosen->name, strlen(chosen->name)))
        return complain("--name takes 1 to 63 of the characters A-Z a-z 0-9 . _ -");
    if (strpbrk(chosen->rights, "\r\n"))
        return complain("--rights takes words in one line");
    return 0;
}

/* A line of a key ring, checked. It goes to sodium_free(). */
static int make_line(const settings *chosen, char **ret_line, waldo_error *reterr)
{
    static const char format[] = "key %s %s %s\n";
    uint8_t secret[WALDO__KEY_SIZE];
    char base64[sodium_base64_ENCODED_LEN(WALDO__KEY_SIZE, sodium_base64_VARIANT_ORIGINAL)];
    size_t size = sizeof format + strlen(chosen->name) + sizeof base64 + strlen(chosen->rights);
    char *line = sodium_malloc(size);
    if (!line)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a key");
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(base64, sizeof base64, secret, sizeof secret, sodium_base64_VARIANT_ORIGINAL);
    snprintf(line, size, format, chosen->name, base64, chosen->rights);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(base64, sizeof base64);

    waldo__keyring *ring;
    int status = waldo__keyring_parse(line, strlen(line), "--rights", &ring, reterr);
    if (status < 0) {
        sodium_free(line);
        return status;
    }
    waldo__keyring_free(ring);
    *ret_line = line;
    return 0;
}

static int make_key(const settings *chosen, waldo_error *reterr)
{
    char *line = NULL;
    int status = make_line(chosen, &line, reterr);
    if (status < 0)
        return status;
    status = chosen->append ? store_append(chosen->path, line, reterr)
                            : store_create(chosen->path, line, reterr);
    sodium_free(line);
    return status;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        fputs("waldo-keygen: libsodium finds no source of random bytes\n", stderr);
        return 1;
    }
    char name[32];
    snprintf(name, sizeof name, "key-%08x", (unsigned)randombytes_random());
    settings chosen = {.name = name, .rights = "create=* call=* shutdown list"};
    int status = read_arguments(argc, argv, &chosen);
    if (status != 0)
        return status < 0 ? 0 : status;
    waldo_error error;
    if (make_key(&chosen, &error) < 0)
        return fail(&error);
    if (printf("%s\n", chosen.name) < 0 || fflush(stdout) != 0) {
        fputs("waldo-keygen: the key was made, but its name could not be printed\n", stderr);
        return 1;
    }
    return 0;
}
