/* A key ring from its text. */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "secure/keyring_internal.h"

/* 32 bytes in base64, with the '=' at the end. */
enum { BASE64_SIZE = 44 };

/* A word of the text; nothing ends it but its size. */
typedef struct word {
    const char *text;
    size_t size;
} word;

typedef struct parser {
    const char *origin;
    size_t line; /* from 1 */
    waldo__keyring *ring;
    size_t lines[WALDO__KEYRING_MAX_KEYS]; /* of the ring's keys */
    waldo_error *reterr;
} parser;

static int fail(const parser *p, const char *what)
{
    return waldo_error_set(p->reterr, WALDO_EVALUE, "%s:%zu: %s", p->origin, p->line, what);
}

/* ---- words ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes the next word from the line; one of size 0 at its end. */
static word next_word(word *line)
{
    while (line->size > 0 && is_space(line->text[0])) {
        line->text++;
        line->size--;
    }
    word found = {line->text, 0};
    while (found.size < line->size && !is_space(line->text[found.size]))
        found.size++;
    line->text += found.size;
    line->size -= found.size;
    return found;
}

static bool is(word found, const char *text)
{
    return found.size == strlen(text) && memcmp(found.text, text, found.size) == 0;
}

/* Is it "create=..."? Then *ret_value is what follows. */
static bool is_setting(word found, const char *name, word *ret_value)
{
    size_t size = strlen(name);
    if (found.size < size || memcmp(found.text, name, size) != 0)
        return false;
    *ret_value = (word){found.text + size, found.size - size};
    return true;
}

/* ---- rights ---- */

static int take_types(const parser *p, word value, const char **types)
{
    if (*types)
        return fail(p, "the same right stands twice");
    if (!waldo__key_types_are_valid(value.text, value.size))
        return fail(p, "create= and call= take * or typeids with commas between them");
    char *copy = malloc(value.size + 1);
    if (!copy)
        return waldo_error_set(p->reterr, WALDO_ENOMEM, "no memory for a key ring");
    memcpy(copy, value.text, value.size); /* no NUL follows */
    copy[value.size] = '\0';
    *types = copy;
    return 0;
}

static int take_flag(const parser *p, bool *flag)
{
    if (*flag)
        return fail(p, "the same right stands twice");
    *flag = true;
    return 0;
}

static int take_right(const parser *p, word right, waldo__key_rights *rights)
{
    word value;
    if (is_setting(right, "create=", &value))
        return take_types(p, value, &rights->create);
    if (is_setting(right, "call=", &value))
        return take_types(p, value, &rights->call);
    if (is(right, "shutdown"))
        return take_flag(p, &rights->shutdown);
    if (is(right, "list"))
        return take_flag(p, &rights->list);
    return fail(p, "unknown right: there are create=, call=, shutdown and list");
}

static int take_rights(const parser *p, word *line, waldo__key_rights *rights)
{
    for (word right; (right = next_word(line)).size > 0;) {
        int status = take_right(p, right, rights);
        if (status < 0)
            return status;
    }
    return 0;
}

static void free_rights(waldo__key_rights *rights)
{
    free((char *)rights->create);
    free((char *)rights->call);
}

/* ---- keys ---- */

static int add_key(parser *p, waldo__key *key)
{
    size_t count = waldo__keyring_count(p->ring);
    const char *taken = NULL;
    size_t i = 0;
    for (; i < count && !taken; i++) {
        waldo__key *other = waldo__keyring_at(p->ring, i);
        if (strcmp(waldo__key_name(other), waldo__key_name(key)) == 0)
            taken = "the name";
        else if (memcmp(waldo__key_id(other), waldo__key_id(key), WALDO__KEY_ID_SIZE) == 0)
            taken = "the key";
    }
    if (!taken && count < WALDO__KEYRING_MAX_KEYS) {
        p->lines[count] = p->line;
        return waldo__keyring_add(p->ring, key, p->reterr);
    }
    waldo__key_unref(key);
    if (!taken)
        return waldo_error_set(p->reterr, WALDO_ELIMIT, "%s:%zu: more than %d keys", p->origin,
                               p->line, WALDO__KEYRING_MAX_KEYS);
    return waldo_error_set(p->reterr, WALDO_EVALUE, "%s:%zu: %s stands in line %zu already",
                           p->origin, p->line, taken, p->lines[i - 1]);
}

static int decode(const parser *p, word base64, uint8_t ret_secret[WALDO__KEY_SIZE])
{
    size_t size;
    const char *end;
    if (base64.size != BASE64_SIZE ||
        sodium_base642bin(ret_secret, WALDO__KEY_SIZE, base64.text, base64.size, NULL, &size, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        size != WALDO__KEY_SIZE || end != base64.text + base64.size)
        return fail(p, "a key has 32 bytes, as 44 characters of base64");
    return 0;
}

/* What follows "key". `secret` is the caller's to wipe. */
static int take_key(parser *p, word *line, uint8_t secret[WALDO__KEY_SIZE],
                    waldo__key_rights *rights)
{
    word found = next_word(line);
    if (!waldo__key_name_is_valid(found.text, found.size))
        return fail(p, "a name has 1 to 63 of the characters A-Z a-z 0-9 . _ -");
    char name[WALDO__KEY_NAME_MAX + 1] = "";
    memcpy(name, found.text, found.size);
    int status = decode(p, next_word(line), secret);
    if (status >= 0)
        status = take_rights(p, line, rights);
    waldo__key *key;
    if (status >= 0)
        status = waldo__key_new(name, secret, rights, &key, p->reterr);
    return status < 0 ? status : add_key(p, key);
}

static int take_line(parser *p, word line)
{
    for (size_t i = 0; i < line.size; i++)
        if ((unsigned char)line.text[i] < ' ' && line.text[i] != '\t')
            return fail(p, "a control character, perhaps the CR of a CR LF");
    word first = next_word(&line);
    if (first.size == 0 || first.text[0] == '#')
        return 0;
    if (!is(first, "key"))
        return fail(p, "a line is empty, or begins with # or the word key");
    uint8_t secret[WALDO__KEY_SIZE];
    waldo__key_rights rights = {0};
    int status = take_key(p, &line, secret, &rights);
    sodium_memzero(secret, sizeof secret);
    free_rights(&rights);
    return status;
}

static int take_lines(parser *p, const char *text, size_t size)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        word line = {text, end ? (size_t)(end - text) : size};
        p->line++;
        int status = take_line(p, line);
        if (status < 0)
            return status;
        size_t taken = line.size + (end != NULL);
        text += taken;
        size -= taken;
    }
    if (waldo__keyring_count(p->ring) == 0)
        return waldo_error_set(p->reterr, WALDO_EVALUE, "%s: holds no key", p->origin);
    return 0;
}

int waldo__keyring_parse(const char *text, size_t size, const char *origin,
                         waldo__keyring **ret_ring, waldo_error *reterr)
{
    if (size > WALDO__KEYRING_MAX_SIZE)
        return waldo_error_set(reterr, WALDO_ELIMIT, "%s: has more than %d bytes", origin,
                               WALDO__KEYRING_MAX_SIZE);
    parser p = {.origin = origin, .reterr = reterr};
    int status = waldo__keyring_new(&p.ring, reterr);
    if (status < 0)
        return status;
    status = take_lines(&p, text, size);
    if (status < 0) {
        waldo__keyring_free(p.ring);
        return status;
    }
    *ret_ring = p.ring;
    return 0;
}
