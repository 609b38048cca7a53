#include "printer.h"

#include <stdlib.h>
#include <string.h>

#include "comments.h"

#define COLUMNS 100

void printer_set(struct printer *printer, const char *name, const char *value)
{
    size_t i = 0;
    while (i < printer->variable_count && strcmp(printer->variables[i].name, name) != 0)
        i++;
    if (i == sizeof printer->variables / sizeof *printer->variables)
        abort(); /* the array is too small for the templates */
    if (i == printer->variable_count)
        printer->variable_count++;
    printer->variables[i].name = name;
    printer->variables[i].value = value;
}

static const char *value_of(const struct printer *printer, const char *name, size_t length)
{
    for (size_t i = 0; i < printer->variable_count; i++)
        if (strlen(printer->variables[i].name) == length &&
            memcmp(printer->variables[i].name, name, length) == 0)
            return printer->variables[i].value;
    abort(); /* a template names a variable that is not set */
}

static void expand(const struct printer *printer, struct text *out, const char *template)
{
    while (*template != '\0') {
        size_t plain = strcspn(template, "$");
        text_append(out, template, plain);
        template += plain;
        if (*template == '\0')
            break;
        size_t length = strcspn(++template, "$");
        text_add(out, value_of(printer, template, length));
        template += length + 1;
    }
}

void printer_print(struct printer *printer, const char *template)
{
    expand(printer, &printer->out, template);
}

static bool fits(const char *parameters, size_t column, size_t tail)
{
    while (*parameters != '\0') {
        const char *comma = strstr(parameters, ", ");
        if (comma == NULL)
            return column + strlen(parameters) + tail <= COLUMNS;
        if (column + (size_t)(comma - parameters) + 1 > COLUMNS)
            return false;
        parameters = comma + 2;
    }
    return true;
}

/* Appends the parameters, starting at column, with line breaks before those that do not fit. Where
 * one alone is too long, all go to lines of their own, four columns inside of `indent`. */
static void wrap(struct text *out, const char *parameters, size_t column, size_t indent,
                 size_t tail)
{
    if (!fits(parameters, column, tail)) {
        column = indent + 4;
        text_print(out, "\n%*s", (int)column, "");
    }
    const size_t start = column;
    while (*parameters != '\0') {
        const char *comma = strstr(parameters, ", ");
        size_t length = comma == NULL ? strlen(parameters) : (size_t)(comma - parameters) + 1;
        size_t needed = length + (comma == NULL ? tail : 0);
        if (column > start && column + 1 + needed > COLUMNS) {
            text_print(out, "\n%*s", (int)start, "");
            column = start;
        } else if (column > start) {
            text_add(out, " ");
            column++;
        }
        text_append(out, parameters, length);
        column += length;
        parameters += length + (comma != NULL);
    }
}

void printer_function(struct printer *printer, const char *head, const char *parameters,
                      const char *tail)
{
    struct text expanded = {NULL, 0, 0};
    size_t before = printer->out.length;
    expand(printer, &printer->out, head);
    expand(printer, &expanded, parameters);

    size_t line = printer->out.length;
    while (line > before && printer->out.data[line - 1] != '\n')
        line--;
    size_t indent = strspn(printer->out.data + line, " ");
    wrap(&printer->out, expanded.data, printer->out.length - line, indent, strcspn(tail, "\n"));
    text_free(&expanded);
    expand(printer, &printer->out, tail);
}

void printer_comment(struct printer *printer, unsigned indent, const char *text, const char *note)
{
    struct text expanded = {NULL, 0, 0};
    expand(printer, &expanded, note);
    comments_print(&printer->out, indent, text, expanded.data == NULL ? "" : expanded.data);
    text_free(&expanded);
}

void printer_set_file(struct printer *printer, const struct file *file)
{
    printer_set(printer, "file", file->name);
    printer_set(printer, "base", file->base);
}

void printer_set_service(struct printer *printer, const struct service *service)
{
    printer_set(printer, "service", service->full_name);
    printer_set(printer, "service_line", arena_print(printer->arena, "%d", service->position.line));
    printer_set(printer, "S", service->prefix);
    printer_set(printer, "create", "");
    if (service->create != NULL)
        printer_set(printer, "create",
                    arena_print(printer->arena, "const %s *arguments, ", service->create->c_type));
}

void printer_set_method(struct printer *printer, const struct method *method)
{
    printer_set(printer, "method", method->name);
    printer_set(printer, "line", arena_print(printer->arena, "%d", method->position.line));
    printer_set(printer, "Input", method->input->c_type);
    printer_set(printer, "Output", method->output->c_type);
    printer_set(printer, "OUTPUT", method->output->c_upper);
    printer_set(printer, "arguments", "");
    if (method->has_input)
        printer_set(printer, "arguments",
                    arena_print(printer->arena, "const %s *arguments, ", method->input->c_type));
}
