#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include <waldo/error.h>

enum { MOST = 64 };

static int read_kind(const char *name)
{
    for (int kind = 0; kind <= SESSION_ENDS; kind++)
        if (strcmp(operation_name((enum operation_kind)kind), name) == 0)
            return kind;
    cr_assert_fail("%s?", name);
    return -1;
}

static int64_t read_number(const char *word)
{
#define CODE(name, number, ...)                                                                    \
    if (strcmp(word, #name) == 0)                                                                  \
        return number;
    WALDO_ERROR_MAP(CODE)
#undef CODE
    char *end;
    long long number = strtoll(word, &end, 10);
    cr_assert(*end == '\0', "%s?", word);
    return number;
}

static void read_who(char *word, operation *one)
{
    char *dot = strchr(word, '.');
    if (dot)
        *dot++ = '\0';
    one->session = (uint8_t)read_number(word);
    one->thread = dot ? (uint8_t)read_number(dot) : 1;
}

static void read_times(char *word, operation *one)
{
    char *dash = strchr(word, '-');
    cr_assert(dash, "%s?", word);
    *dash++ = '\0';
    one->from = (uint64_t)read_number(word);
    one->is_unknown = *dash == '?';
    one->to = one->is_unknown ? NEVER : (uint64_t)read_number(dash);
}

static operation read_operation(char *line)
{
    operation one = {0};
    char *rest = NULL;
    read_who(strtok_r(line, " ", &rest), &one);
    read_times(strtok_r(NULL, " ", &rest), &one);
    one.kind = (uint16_t)read_kind(strtok_r(NULL, " ", &rest));
    int arguments = 0, results = -1;
    bool after = false;
    for (char *word; (word = strtok_r(NULL, " ", &rest)) != NULL;) {
        if (strcmp(word, "->") == 0)
            after = true;
        else if (!after)
            one.arguments[arguments++] = read_number(word);
        else if (results++ < 0)
            one.status = (int32_t)read_number(word);
        else
            one.results[results - 1] = read_number(word);
    }
    if (one.kind == QUEUE_PUT)
        one.count = (uint8_t)(arguments - 1);
    else if (one.kind == QUEUE_GET && results > 0)
        one.count = (uint8_t)results;
    return one;
}

static checked check_text(const model *of, const int64_t *configuration, const char *text,
                          operation *operations, size_t *ret_count)
{
    char *copy = strdup(text), *rest = NULL;
    size_t count = 0;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cr_assert_lt(count, MOST);
        operations[count++] = read_operation(line);
    }
    free(copy);
    mark_received(operations, count);
    *ret_count = count;
    return check_history(of, configuration, operations, count);
}

void expect(verdict expected, const model *of, const int64_t *configuration, const char *text,
            int line)
{
    operation operations[MOST];
    size_t count;
    checked result = check_text(of, configuration, text, operations, &count);
    if (result.verdict != expected)
        print_history(stderr, of, operations, count);
    cr_assert_eq(result.verdict, expected, "line %d: %d", line, (int)result.verdict);
}
