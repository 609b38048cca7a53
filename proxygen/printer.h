/* Writes the generated files: templates in which $name$ stands for a variable. */
#ifndef PROXYGEN_PRINTER_H
#define PROXYGEN_PRINTER_H

#include "model.h"

/* The number of the contract that the generated code is written for: WALDO_ABI. */
#define GENERATED_ABI "1"

struct printer {
    struct arena *arena;
    struct text out;
    struct {
        const char *name;
        const char *value;
    } variables[40];
    size_t variable_count;
};

/** Sets a variable, which may be set already. name and value are kept, not copied. */
void printer_set(struct printer *printer, const char *name, const char *value);
void printer_print(struct printer *printer, const char *template);
/** Prints head, parameters and tail; where they would pass 100 columns, the parameters are broken
 *  at their commas and aligned behind head's last parenthesis. */
void printer_function(struct printer *printer, const char *head, const char *parameters,
                      const char *tail);
/** A documentation comment: the text, then a note, which is a template. */
void printer_comment(struct printer *printer, unsigned indent, const char *text, const char *note);

/* What both sides' printers set. */

/** $file$, $base$: of the file. */
void printer_set_file(struct printer *printer, const struct file *file);
/** $service$, $service_line$ and $S$, the prefix of the server's names. */
void printer_set_service(struct printer *printer, const struct service *service);
/** $method$, $line$, $Input$, $Output$, $OUTPUT$ (its C names), and $arguments$: the parameter
 *  `const X *arguments, `, or nothing where there are none. */
void printer_set_method(struct printer *printer, const struct method *method);

/* ---- The four files; the printer is fresh ---- */

void client_header_print(struct printer *printer, struct model *model, const struct file *file);
void client_source_print(struct printer *printer, struct model *model, const struct file *file);
void server_header_print(struct printer *printer, struct model *model, const struct file *file);
void server_source_print(struct printer *printer, struct model *model, const struct file *file);

#endif
