#include "history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <waldo/error.h>

const char *operation_name(enum operation_kind kind)
{
    static const char *const names[] = {
#define NAME(name) #name,
        WALDO_OPERATIONS(NAME)
#undef NAME
    };
    return names[kind];
}

int64_t digest(int64_t before, int64_t item)
{
    uint64_t mixed = ((uint64_t)before ^ (uint64_t)item) * UINT64_C(0x9e3779b97f4a7c15);
    return (int64_t)((mixed ^ (mixed >> 29)) + 1);
}

void mark_received(operation *operations, size_t count)
{
    uint64_t last_answered[MAX_SESSIONS] = {0}; /* when the last call began that was answered */
    bool has_threads[MAX_SESSIONS] = {false};
    for (size_t i = 0; i < count; i++) {
        const operation *one = &operations[i];
        has_threads[one->session] = has_threads[one->session] || one->thread > 1;
        if (!one->is_unknown && one->kind != SESSION_ENDS &&
            one->from > last_answered[one->session])
            last_answered[one->session] = one->from;
    }
    for (size_t i = 0; i < count; i++) {
        operation *one = &operations[i];
        one->is_received = last_answered[one->session] > one->to;
        one->is_unheard = one->is_unknown && !has_threads[one->session];
    }
}

static size_t print_numbers(char *text, size_t size, const int64_t *numbers, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, " %" PRId64, numbers[i]);
    return length;
}

void describe_operation(const operation *one, char *text, size_t size)
{
    int length = snprintf(text, size, "%12" PRIu64 " ", one->from / 1000);
    if (one->to == NEVER)
        length += snprintf(text + length, size - (size_t)length, "%12s", "-");
    else
        length += snprintf(text + length, size - (size_t)length, "%12" PRIu64, one->to / 1000);
    length += snprintf(text + length, size - (size_t)length, " us  session %2u.%u  %s",
                       one->session, one->thread, operation_name(one->kind));
    length += (int)print_numbers(text + length, size - (size_t)length, one->arguments,
                                 MAX_ARGUMENTS_OF_ONE);
    if (one->is_unknown) {
        snprintf(text + length, size - (size_t)length, " -> ?");
        return;
    }
    length += one->status < 0
                  ? snprintf(text + length, size - (size_t)length, " -> %s",
                             waldo_error_name(one->status))
                  : snprintf(text + length, size - (size_t)length, " -> %d;", one->status);
    length +=
        (int)print_numbers(text + length, size - (size_t)length, one->results, MAX_RESULTS_OF_ONE);
    if (!one->is_received)
        snprintf(text + length, size - (size_t)length, " (perhaps not acknowledged)");
}
