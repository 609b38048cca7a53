#include "service_table.h"

#include <string.h>

#include "comments.h"

static void print_provides(struct printer *printer, const struct service *service)
{
    printer_print(printer, "\nstatic bool provides_$S$(const void *ops, size_t position)\n{\n");
    if (service->method_count == 0) {
        printer_print(printer, "    (void)ops;\n"
                               "    (void)position;\n"
                               "    return false;\n"
                               "}\n");
        return;
    }
    printer_print(printer, "    const struct $S$_ops *handlers = ops;\n"
                           "    switch (position) {\n");
    for (size_t i = 0; i < service->method_count; i++) {
        const struct method *method = &service->methods[i];
        bool yields = method->kind == METHOD_GENERATOR || method->kind == METHOD_ITERATES;
        printer_set(printer, "method", method->name);
        printer_set(printer, "position", arena_print(printer->arena, "%zu", i));
        printer_print(printer, "    case $position$:\n");
        printer_function(printer, "        return ",
                         yields ? "(handlers->$method$ != NULL) != "
                                  "(handlers->$method$_steps.next != NULL)"
                                : "handlers->$method$ != NULL",
                         ";\n");
    }
    printer_print(printer, "    default:\n        return false;\n    }\n}\n");
}

/* The name of a character array, for a text that does not fit into a literal. */
static const char *array_name(struct printer *printer, const char *kind, const char *prefix,
                              const struct method *method)
{
    return arena_print(printer->arena, "%s_of_%s%s%s", kind, prefix, method == NULL ? "" : "_",
                       method == NULL ? "" : method->name);
}

static void print_array(struct printer *printer, const char *name, const char *text)
{
    if (!comments_needs_array(text))
        return;
    text_print(&printer->out, "\nstatic const char %s[] = ", name);
    comments_print_string(&printer->out, 4, text);
    text_add(&printer->out, ";\n");
}

static void print_string(struct printer *printer, unsigned indent, const char *name,
                         const char *text)
{
    if (comments_needs_array(text))
        text_add(&printer->out, name);
    else
        comments_print_string(&printer->out, indent, text);
}

static void print_long_texts(struct printer *printer, const struct service *service)
{
    print_array(printer, array_name(printer, "comment", service->prefix, NULL), service->comment);
    for (size_t i = 0; i < service->method_count; i++) {
        const struct method *method = &service->methods[i];
        print_array(printer, array_name(printer, "comment", service->prefix, method),
                    method->comment);
        print_array(printer, array_name(printer, "signature", service->prefix, method),
                    method->signature);
    }
}

static const char *flags_of(struct printer *printer, const struct method *method)
{
    const Google__Protobuf__MethodOptions *options = method->proto->options;
    struct text flags = {NULL, 0, 0};
    if (method->kind == METHOD_GENERATOR || method->kind == METHOD_ITERATES)
        text_add(&flags, " | WALDO_METHOD_GENERATOR");
    if (method->kind == METHOD_ITERATES)
        text_add(&flags, " | WALDO_METHOD_ITERATES_SELF");
    if (method->kind == METHOD_PROXY)
        text_add(&flags, " | WALDO_METHOD_RETURNS_PROXY");
    if (options != NULL && options->has_idempotency_level) {
        if (options->idempotency_level ==
            GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS)
            text_add(&flags, " | WALDO_METHOD_READ_ONLY");
        if (options->idempotency_level ==
            GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__IDEMPOTENT)
            text_add(&flags, " | WALDO_METHOD_IDEMPOTENT");
    }
    if (method->reads_ahead)
        text_add(&flags, " | WALDO_METHOD_READ_AHEAD");
    const char *kept = flags.length == 0 ? "0" : arena_print(printer->arena, "%s", flags.data + 3);
    text_free(&flags);
    return kept;
}

static void print_method(struct printer *printer, const struct method *method)
{
    const struct service *service = method->service;
    printer_set_method(printer, method);
    printer_set(printer, "flags", flags_of(printer, method));
    printer_set(printer, "deadline",
                arena_print(printer->arena, "%u", (unsigned)method->deadline_ms));
    printer_set(printer, "returns", "NULL");
    if (method->returns != NULL)
        printer_set(printer, "returns",
                    arena_print(printer->arena, "\"%s\"", method->returns->name));
    printer_set(printer, "wire", method->wire_name);
    printer_set(printer, "in", method->input->c_lower);
    printer_set(printer, "out", method->output->c_lower);

    printer_print(printer, "    {\n"
                           "        .name = \"$wire$\",\n"
                           "        .signature = ");
    print_string(printer, 21, array_name(printer, "signature", service->prefix, method),
                 method->signature);
    printer_print(printer, ",\n        .comment = ");
    print_string(printer, 19, array_name(printer, "comment", service->prefix, method),
                 method->comment);
    printer_print(printer, ",\n"
                           "        .returns = $returns$,\n"
                           "        .input = &$in$__descriptor,\n"
                           "        .output = &$out$__descriptor,\n"
                           "        .flags = $flags$,\n"
                           "        .deadline_ms = $deadline$,\n"
                           "        .invoke = invoke_$S$_$method$,\n"
                           "    },\n");
}

static void print_methods(struct printer *printer, const struct service *service)
{
    if (service->method_count == 0)
        return;
    printer_print(printer, "\nstatic const waldo_service_method methods_of_$S$[] = {\n");
    for (size_t i = 0; i < service->method_count; i++)
        print_method(printer, &service->methods[i]);
    printer_print(printer, "};\n");
}

static void print_typeids(struct printer *printer, const struct service *service)
{
    for (size_t i = 0; i < service->typeid_count; i++) {
        const struct typeid *typeid = &service->typeids[i];
        if (typeid->list == NULL)
            continue;
        printer_set(printer, "typeid", typeid->prefix);
        printer_print(printer, "\nstatic const char *const exposed_of_$typeid$[] = {\n");
        for (size_t j = 0; j < typeid->list_count; j++)
            text_print(&printer->out, "    \"%s\",\n", typeid->list[j]);
        printer_print(printer, "    NULL,\n};\n");
    }
    printer_print(printer, "\nstatic const waldo_service_typeid typeids_of_$S$[] = {\n");
    for (size_t i = 0; i < service->typeid_count; i++) {
        const struct typeid *typeid = &service->typeids[i];
        text_print(&printer->out, "    {\"%s\", %s%s, %s},\n", typeid->name,
                   typeid->list == NULL ? "NULL" : "exposed_of_",
                   typeid->list == NULL ? "" : typeid->prefix,
                   typeid->no_create ? "true" : "false");
    }
    printer_print(printer, "};\n");
}

void service_table_print(struct printer *printer, const struct service *service)
{
    bool has_methods = service->method_count > 0;
    print_provides(printer, service);
    print_long_texts(printer, service);
    print_methods(printer, service);
    print_typeids(printer, service);
    printer_print(printer, "\nconst waldo_service $S$_service = {\n"
                           "    .abi = " GENERATED_ABI ",\n"
                           "    .name = \"$service$\",\n"
                           "    .comment = ");
    print_string(printer, 15, array_name(printer, "comment", service->prefix, NULL),
                 service->comment);
    text_print(&printer->out, ",\n    .methods = %s%s,\n    .method_count = %zu,\n",
               has_methods ? "methods_of_" : "NULL", has_methods ? service->prefix : "",
               service->method_count);
    text_print(&printer->out, "    .typeids = typeids_of_%s,\n    .typeid_count = %zu,\n",
               service->prefix, service->typeid_count);
    text_print(&printer->out, "    .concurrent = %s,\n", service->concurrent ? "true" : "false");
    text_print(&printer->out, "    .create_input = %s%s%s,\n", service->create == NULL ? "" : "&",
               service->create == NULL ? "NULL" : service->create->c_lower,
               service->create == NULL ? "" : "__descriptor");
    printer_print(printer, "    .provides = provides_$S$,\n"
                           "    .creates = creates_$S$,\n"
                           "    .create = create_$S$,\n"
                           "    .destroy = destroy_$S$,\n"
                           "    .repr = repr_$S$,\n"
                           "    .getvalue = getvalue_$S$,\n"
                           "    .session_ended = session_ended_$S$,\n"
                           "};\n");
}
