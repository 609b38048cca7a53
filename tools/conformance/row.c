#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "row_internal.h"

_Thread_local waldo_error err;
row_settings row_set;

static waldo_manager *shared_manager;
static row_entry *entries;

/* ---- registration: sorted by letter, number, name ---- */

static int compare_entries(const row_entry *left, const row_entry *right)
{
    if (left->name[0] != right->name[0])
        return left->name[0] < right->name[0] ? -1 : 1;
    long left_number = strtol(left->name + 1, NULL, 10);
    long right_number = strtol(right->name + 1, NULL, 10);
    if (left_number != right_number)
        return left_number < right_number ? -1 : 1;
    return strcmp(left->name, right->name);
}

void row_register(row_entry *entry)
{
    row_entry **place = &entries;
    while (*place && compare_entries(*place, entry) < 0)
        place = &(*place)->next;
    entry->next = *place;
    *place = entry;
}

row_entry *row_first(void)
{
    return entries;
}

/* ---- reports ---- */

void row_report(char kind, const char *text)
{
    char report[2048];
    int length = snprintf(report, sizeof report, "%c%s", kind, text);
    size_t size = (size_t)length < sizeof report ? (size_t)length + 1 : sizeof report;
    if (write(row_set.report, report, size) < 0)
        perror("waldo-conformance: report");
}

void row_fail(const char *file, int line, const char *format, ...)
{
    const char *base = strrchr(file, '/');
    char text[1900];
    int length = snprintf(text, sizeof text, "%s:%d: ", base ? base + 1 : file, line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, arguments);
    va_end(arguments);
    row_report(REPORT_FAIL, text);
    _exit(1);
}

void row_skip(const char *format, ...)
{
    char text[1900];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    row_report(REPORT_SKIP, text);
    _exit(0);
}

/* ---- expectations ---- */

int row_must(int status, const char *call, const char *file, int line)
{
    if (status < 0)
        row_fail(file, line, "%s: %s: %s: %s", call, waldo_error_name(status), err.type_name,
                 err.message);
    return status;
}

int row_must_fail(int status, int expected, const char *call, const char *file, int line)
{
    if (status >= 0)
        row_fail(file, line, "%s: succeeds with %d where %s is due", call, status,
                 waldo_error_name(expected));
    if (status != expected)
        row_fail(file, line, "%s: %s (%s: %s) where %s is due", call, waldo_error_name(status),
                 err.type_name, err.message, waldo_error_name(expected));
    return status;
}

void row_expect_equal(int64_t actual, int64_t expected, const char *what, const char *file,
                      int line)
{
    if (actual != expected)
        row_fail(file, line, "%s is %lld, not %lld", what, (long long)actual, (long long)expected);
}

void row_expect_text(const char *actual, const char *expected, const char *what, const char *file,
                     int line)
{
    if (!actual || strcmp(actual, expected) != 0)
        row_fail(file, line, "%s is \"%s\", not \"%s\"", what, actual ? actual : "(null)",
                 expected);
}

void row_expect_repr(waldo_value *value, const char *expected, const char *what, const char *file,
                     int line)
{
    char *text = value ? waldo_value_repr(value) : NULL;
    row_expect_text(text, expected, what, file, line);
    free(text);
    waldo_value_unref(value);
}

void row_refuses_at(int status, int code, const char *expected, const char *method,
                    const char *file, int line)
{
    row_must_fail(status, code, method, file, line);
    row_expect_text(err.message, expected, method, file, line);
}

double row_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void row_pause(double limit, const char *condition, const char *file, int line)
{
    if (row_now() > limit)
        row_fail(file, line, "never true: %s", condition);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* ---- the server ---- */

waldo_manager_options row_manager_options(void)
{
    return (waldo_manager_options){.authkey_file = row_set.authkey_file};
}

waldo_manager *row_connect(void)
{
    waldo_manager_options options = row_manager_options();
    waldo_manager *manager = NULL;
    must(waldo_connect(row_set.url, &options, &manager, &err));
    return manager;
}

waldo_manager *row_manager(void)
{
    if (!shared_manager)
        shared_manager = row_connect();
    return shared_manager;
}

void row_drop_manager(void)
{
    shared_manager = waldo_manager_unref(shared_manager);
}

const char *row_url(void)
{
    return row_set.url;
}

bool row_over_inproc(void)
{
    return strncmp(row_set.url, "inproc:", 7) == 0;
}

bool row_over_nanomsg(void)
{
    return strncmp(row_set.url, "nn+", 3) == 0 || row_over_inproc();
}

waldo_proxy *row_create(const char *type_id, waldo_value *arguments)
{
    waldo_proxy *proxy = NULL;
    must(waldo_proxy_create(row_manager(), type_id, arguments, &proxy, &err));
    return proxy;
}

int row_try_create(const char *type_id, waldo_value *arguments)
{
    waldo_proxy *proxy = NULL;
    int status = waldo_proxy_create(row_manager(), type_id, arguments, &proxy, &err);
    waldo_proxy_unref(proxy);
    return status;
}

waldo_value *row_call_at(waldo_proxy *proxy, const char *method, waldo_value *arguments,
                         const char *file, int line)
{
    waldo_value *result = NULL;
    int status = waldo_proxy_call(proxy, method, arguments, &result, &err);
    row_must(status, method, file, line);
    return result;
}

int row_try(waldo_proxy *proxy, const char *method, waldo_value *arguments)
{
    waldo_value *result = NULL;
    int status = waldo_proxy_call(proxy, method, arguments, &result, &err);
    waldo_value_unref(result);
    return status;
}

waldo_value *row_token(waldo_proxy *proxy)
{
    waldo_value *token = NULL;
    must(waldo_proxy_to_value(proxy, &token, &err));
    return token;
}

waldo_proxy *row_proxy(waldo_value *value)
{
    waldo_proxy *proxy = NULL;
    must(waldo_proxy_from_value(row_manager(), value, &proxy, &err));
    waldo_value_unref(value);
    return proxy;
}

/* ---- needs ---- */

static bool has_type(char **typeids, const char *name, size_t length)
{
    for (; *typeids; typeids++)
        if (strlen(*typeids) == length && memcmp(*typeids, name, length) == 0)
            return true;
    return false;
}

void row_check_needs(const char *needs)
{
    if (!needs[0])
        return;
    char **typeids = NULL;
    must(waldo_manager_typeids(row_manager(), &typeids, &err));
    for (const char *name = needs; *name;) {
        size_t length = strcspn(name, " ");
        if (length > 0 && !has_type(typeids, name, length))
            row_skip("the server has no type %.*s", (int)length, name);
        name += length + (name[length] == ' ');
    }
    free(typeids);
}
