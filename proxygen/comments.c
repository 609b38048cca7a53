#include "comments.h"

#include <stdbool.h>
#include <string.h>

/* C11 and C++17 compilers must take this many bytes in one literal. */
#define LITERAL_MAX 4095

/* The code of the UTF-8 character at text and its length; 0 if there is none. */
static size_t decode(const char *text, unsigned long *ret_code)
{
    const unsigned char *byte = (const unsigned char *)text;
    size_t length = *byte < 0x80 ? 1 : *byte < 0xc2 ? 0 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : 4;
    if (length == 0 || *byte > 0xf4)
        return 0;
    unsigned long code = length == 1 ? *byte : *byte & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte[i] & 0x3f);
    }
    bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    bool is_surrogate = code >= 0xd800 && code < 0xe000;
    *ret_code = code;
    return is_overlong || is_surrogate || code > 0x10ffff ? 0 : length;
}

/* The length of the character at text, at least 1; *ret_shown: it may stand in C as it is. Marks
 *  that turn the direction of writing could make code look like what it is not. */
static size_t measure(const char *text, bool *ret_shown)
{
    unsigned long code = 0;
    size_t length = decode(text, &code);
    bool is_control =
        (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7f && code < 0xa0);
    bool turns = code == 0x061c || code == 0x200e || code == 0x200f ||
                 (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    *ret_shown = length > 0 && !is_control && !turns;
    return length == 0 ? 1 : length;
}

/* Would the next character make a comment mark or a trigraph of what is there? */
static bool is_mark(const struct text *text, char next)
{
    char last = text->length > 0 ? text->data[text->length - 1] : '\0';
    return (last == '*' && next == '/') || (last == '/' && next == '*') ||
           (last == '?' && next == '?');
}

static void clean(struct text *out, const char *text)
{
    while (*text != '\0') {
        bool is_shown;
        size_t length = measure(text, &is_shown);
        if (is_shown && is_mark(out, *text))
            text_append(out, " ", 1);
        if (is_shown)
            text_append(out, text, length);
        else
            text_add(out, "\357\277\275"); /* U+FFFD, the replacement character */
        text += length;
    }
}

char *comments_clean(struct arena *arena, const char *text)
{
    struct text out = {NULL, 0, 0};
    clean(&out, text);
    char *cleaned = arena_strndup(arena, out.data == NULL ? "" : out.data, out.length);
    text_free(&out);
    return cleaned;
}

static void print_lines(struct text *out, unsigned indent, const char *text, bool *is_first)
{
    while (*text != '\0') {
        size_t width = strcspn(text, "\n");
        if (*is_first)
            text_print(out, "%*s/**", (int)indent, "");
        else
            text_print(out, "\n%*s *", (int)indent, "");
        if (width > 0)
            text_print(out, "%s%.*s", *is_first ? " " : "  ", (int)width, text);
        *is_first = false;
        text += width + (text[width] == '\n');
    }
}

void comments_print(struct text *out, unsigned indent, const char *text, const char *note)
{
    struct arena arena = {NULL};
    bool is_first = true;
    print_lines(out, indent, comments_clean(&arena, text), &is_first);
    print_lines(out, indent, comments_clean(&arena, note), &is_first);
    if (!is_first)
        text_add(out, " */\n");
    arena_free(&arena);
}

bool comments_needs_array(const char *text)
{
    return strlen(text) > LITERAL_MAX;
}

/* Adds one byte as it may stand between quotes. */
static void print_byte(struct text *out, char byte, char quote)
{
    if (byte == '\n')
        text_add(out, "\\n");
    else if (byte == '\t')
        text_add(out, "\\t");
    else if (byte == '\\' || byte == quote)
        text_print(out, "\\%c", byte);
    else if (byte == '?' && out->data[out->length - 1] == '?')
        text_add(out, "\\?");
    else if ((unsigned char)byte < ' ' || (unsigned char)byte >= 0x7f)
        text_print(out, "\\%03o", (unsigned)(unsigned char)byte);
    else
        text_append(out, &byte, 1);
}

static void print_array(struct text *out, unsigned indent, const char *text)
{
    text_add(out, "{");
    for (size_t i = 0; text[i] != '\0'; i++) {
        text_print(out, i % 16 == 0 ? "\n%*s" : " ", (int)indent, "");
        text_add(out, "'");
        print_byte(out, text[i], '\'');
        text_add(out, "',");
    }
    text_add(out, " '\\0'}");
}

static void print_literal(struct text *out, unsigned indent, const char *text)
{
    text_add(out, "\"");
    while (*text != '\0') {
        bool is_shown;
        size_t length = measure(text, &is_shown);
        bool ends_line = *text == '\n' && text[1] != '\0';
        if (is_shown && length > 1)
            text_append(out, text, length);
        else
            for (size_t i = 0; i < length; i++)
                print_byte(out, text[i], '"');
        if (ends_line)
            text_print(out, "\"\n%*s\"", (int)indent, "");
        text += length;
    }
    text_add(out, "\"");
}

void comments_print_string(struct text *out, unsigned indent, const char *text)
{
    if (comments_needs_array(text))
        print_array(out, indent, text);
    else
        print_literal(out, indent, text);
}
