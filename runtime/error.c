/* Errors: the table of codes, and how one is filled in. */
#include <waldo/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "error_internal.h"
#include "value/unicode.h"

static const struct {
    int code;
    const char *name;
    const char *type;
    const char *text;
} errors[] = {
#define WALDO_ERROR_ROW(name, number, type, text) {number, "WALDO_" #name, type, text},
    WALDO_ERROR_MAP(WALDO_ERROR_ROW)
#undef WALDO_ERROR_ROW
};

static const size_t error_count = sizeof errors / sizeof errors[0];

static size_t find(int code)
{
    size_t i = 0;
    while (i < error_count && errors[i].code != code)
        i++;
    return i;
}

const char *waldo_error_name(int code)
{
    if (code >= 0)
        return "WALDO_OK";
    size_t i = find(code);
    return i < error_count ? errors[i].name : "unknown error";
}

const char *waldo_error_type(int code)
{
    size_t i = find(code);
    return i < error_count ? errors[i].type : "RemoteError";
}

const char *waldo_error_text(int code)
{
    if (code >= 0)
        return "success";
    size_t i = find(code);
    return i < error_count ? errors[i].text : "unknown error";
}

bool waldo__error_is_known(int code)
{
    return find(code) < error_count;
}

/* Copies whole characters, as many as fit. What is not UTF-8 becomes '?': errors travel in
 * messages, which must be. */
void waldo__error_copy_text(char *target, size_t size, const char *text)
{
    size_t left = strlen(text), used = 0;
    while (left > 0) {
        uint32_t code_point;
        size_t length = waldo__utf8_next(text, left, &code_point);
        size_t taken = length > 0 ? length : 1;
        if (taken >= size - used)
            break;
        if (length > 0)
            memcpy(target + used, text, length);
        else
            target[used] = '?';
        used += taken;
        text += taken;
        left -= taken;
    }
    target[used] = '\0';
}

int waldo__error_vset(waldo_error *err, int code, const char *type_name, const char *format,
                      va_list arguments)
{
    if (!err)
        return code;
    char text[2 * sizeof err->message];
    vsnprintf(text, sizeof text, format, arguments);
    err->code = code;
    waldo__error_copy_text(err->type_name, sizeof err->type_name, type_name);
    waldo__error_copy_text(err->message, sizeof err->message, text);
    err->trace[0] = '\0';
    return code;
}

int waldo_error_set(waldo_error *err, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    waldo__error_vset(err, code, waldo_error_type(code), format, arguments);
    va_end(arguments);
    return code;
}

static int code_of_errno(int errno_value)
{
    switch (errno_value) {
    case ECONNREFUSED:
        return WALDO_EREFUSED;
    case ENOENT:
        return WALDO_ENOTFOUND;
    case EEXIST:
        return WALDO_EEXIST;
    case EADDRINUSE:
        return WALDO_EADDRESSINUSE;
    case EACCES:
    case EPERM:
        return WALDO_EPERMISSION;
    case ENOMEM:
        return WALDO_ENOMEM;
    case ETIMEDOUT:
        return WALDO_ETIMEOUT;
    case EINTR:
        return WALDO_EINTERRUPTED;
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
        return WALDO_EGONE;
    case EMFILE:
    case ENFILE:
        return WALDO_ELIMIT;
    default:
        return WALDO_ESYSTEM;
    }
}

int waldo_error_system(waldo_error *err, int errno_value, const char *format, ...)
{
    int code = code_of_errno(errno_value);
    char what[256];
    char reason[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    /* The GNU variant: it may return a static text instead of filling the buffer. */
    return waldo_error_set(err, code, "%s: %s", what,
                           strerror_r(errno_value, reason, sizeof reason));
}

void waldo_error_print(const waldo_error *err, FILE *stream)
{
    fprintf(stream, "%s: %s\n", err->type_name, err->message);
    if (err->trace[0] != '\0')
        fprintf(stream, "%s\n", err->trace);
}
