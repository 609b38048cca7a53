/* foo.proxy.c: the tables and stubs of the typed proxies of a file. */
#include "printer.h"

static void print_names(struct printer *printer, const struct typeid *typeid)
{
    if (typeid->exposed_count > 0) {
        printer_print(printer, "\nstatic const char *const names_of_$P$[] = {\n");
        for (size_t i = 0; i < typeid->exposed_count; i++) {
            printer_set(printer, "method", typeid->exposed[i]->wire_name);
            printer_print(printer, "    \"$method$\",\n");
        }
        printer_print(printer, "};\n");
    }
    printer_set(printer, "names", typeid->exposed_count > 0 ? "names_of_" : "NULL");
    printer_set(printer, "of", typeid->exposed_count > 0 ? typeid->prefix : "");
    printer_set(printer, "count", arena_print(printer->arena, "%zu", typeid->exposed_count));
    printer_print(printer, "\nconst waldo_proxy_type $P$_type = {\n"
                           "    .abi = " GENERATED_ABI ",\n"
                           "    .type_id = \"$typeid$\",\n"
                           "    .methods = $names$$of$,\n"
                           "    .method_count = $count$,\n"
                           "};\n");
}

static void print_calls(struct printer *printer, const struct typeid *typeid)
{
    if (typeid->exposed_count == 0)
        return;
    printer_print(printer, "\nstatic const waldo_proxy_method calls_of_$P$[] = {\n");
    for (size_t i = 0; i < typeid->exposed_count; i++) {
        const struct method *method = typeid->exposed[i];
        bool is_empty = method->kind == METHOD_UNARY && !method->has_output;
        printer_set(printer, "position", arena_print(printer->arena, "%zu", i));
        printer_set(printer, "output", "NULL");
        if (!is_empty)
            printer_set(printer, "output",
                        arena_print(printer->arena, "&%s__descriptor", method->output->c_lower));
        printer_set(printer, "deadline",
                    arena_print(printer->arena, "%u", (unsigned)method->deadline_ms));
        printer_print(printer, "    {&$P$_type, $position$, $output$, $deadline$},\n");
    }
    printer_print(printer, "};\n");
}

/* Of $method$; $Q$: the type of what comes back, $of$: what gives it. */
static void print_await_proxy(struct printer *printer)
{
    printer_function(printer, "int $P$_$method$_await(",
                     "waldo_future *future, double seconds, $Q$ **ret_proxy, waldo_error *reterr",
                     ")\n");
    printer_print(printer, "{\n    waldo_proxy *proxy;\n");
    printer_function(printer, "    int status = waldo_future_proxy_of(",
                     "future, $of$, seconds, &proxy, reterr", ");\n");
    printer_print(printer, "    if (status >= 0)\n"
                           "        *ret_proxy = ($Q$ *)proxy;\n"
                           "    return status;\n"
                           "}\n");
}

static void print_new(struct printer *printer, const struct typeid *typeid)
{
    printer_set(printer, "packed",
                typeid->service->create == NULL ? "NULL" : "(const ProtobufCMessage *)arguments");
    printer_print(printer, "\n");
    printer_function(printer, "int $P$_new(",
                     "waldo_manager *manager, $create$$P$ **ret_proxy, waldo_error *reterr", ")\n");
    printer_print(printer, "{\n    waldo_proxy *proxy;\n");
    printer_function(printer, "    int status = waldo_proxy_new(",
                     "manager, &$P$_type, NULL, $packed$, &proxy, reterr", ");\n");
    printer_print(printer, "    if (status >= 0)\n"
                           "        *ret_proxy = ($P$ *)proxy;\n"
                           "    return status;\n"
                           "}\n\n");
    printer_function(printer, "int $P$_new_async(",
                     "waldo_manager *manager, $create$waldo_future **ret_future, "
                     "waldo_error *reterr",
                     ")\n");
    printer_print(printer, "{\n");
    printer_function(printer, "    return waldo_proxy_new_async(",
                     "manager, &$P$_type, $packed$, ret_future, reterr", ");\n");
    printer_print(printer, "}\n\n");
    printer_set(printer, "method", "new");
    printer_set(printer, "Q", typeid->prefix);
    printer_set(printer, "of", arena_print(printer->arena, "&%s_type", typeid->prefix));
    print_await_proxy(printer);
}

static void print_common(struct printer *printer)
{
    printer_print(printer, "\n$P$ *$P$_ref($P$ *self)\n"
                           "{\n"
                           "    return ($P$ *)waldo_proxy_ref((waldo_proxy *)self);\n"
                           "}\n"
                           "\n$P$ *$P$_unref($P$ *self)\n"
                           "{\n"
                           "    return ($P$ *)waldo_proxy_unref((waldo_proxy *)self);\n"
                           "}\n"
                           "\nwaldo_proxy *$P$_proxy($P$ *self)\n"
                           "{\n"
                           "    return (waldo_proxy *)self;\n"
                           "}\n"
                           "\n");
    printer_function(printer, "int $P$_from_proxy(",
                     "waldo_proxy *proxy, $P$ **ret_proxy, waldo_error *reterr", ")\n");
    printer_print(printer, "{\n"
                           "    int status = waldo_proxy_check(proxy, &$P$_type, reterr);\n"
                           "    if (status >= 0)\n"
                           "        *ret_proxy = ($P$ *)waldo_proxy_ref(proxy);\n"
                           "    return status;\n"
                           "}\n\n");
    printer_function(
        printer, "int $P$_from_name(",
        "waldo_manager *manager, const char *name, $P$ **ret_proxy, waldo_error *reterr", ")\n");
    printer_print(printer, "{\n    waldo_proxy *proxy;\n");
    printer_function(printer, "    int status = waldo_proxy_from_name(",
                     "manager, &$P$_type, name, &proxy, reterr", ");\n");
    printer_print(printer, "    if (status >= 0)\n"
                           "        *ret_proxy = ($P$ *)proxy;\n"
                           "    return status;\n"
                           "}\n");
}

static void print_unary(struct printer *printer, const struct method *method)
{
    if (!method->has_output) {
        printer_function(printer, "int $P$_$method$(", "$P$ *self, $arguments$waldo_error *reterr",
                         ")\n");
        printer_print(printer, "{\n");
        printer_function(printer, "    return waldo_proxy_invoke(",
                         "(waldo_proxy *)self, &calls_of_$P$[$position$], $packed$, NULL, reterr",
                         ");\n");
        printer_print(printer, "}\n");
        return;
    }
    printer_function(printer, "int $P$_$method$(",
                     "$P$ *self, $arguments$$Output$ **ret_result, waldo_error *reterr", ")\n");
    printer_print(printer, "{\n    ProtobufCMessage *result;\n");
    printer_function(printer, "    int status = waldo_proxy_invoke(",
                     "(waldo_proxy *)self, &calls_of_$P$[$position$], $packed$, &result, reterr",
                     ");\n");
    printer_print(printer, "    if (status >= 0)\n"
                           "        *ret_result = ($Output$ *)result;\n"
                           "    return status;\n"
                           "}\n");
}

static void print_start(struct printer *printer)
{
    printer_print(printer, "\n");
    printer_function(printer, "int $P$_$method$_async(",
                     "$P$ *self, $arguments$waldo_future **ret_future, waldo_error *reterr", ")\n");
    printer_print(printer, "{\n");
    printer_function(printer, "    return waldo_proxy_invoke_async(",
                     "(waldo_proxy *)self, &calls_of_$P$[$position$], $packed$, ret_future, reterr",
                     ");\n");
    printer_print(printer, "}\n\n");
}

static void print_await(struct printer *printer, const struct method *method)
{
    if (!method->has_output) {
        printer_function(printer, "int $P$_$method$_await(",
                         "waldo_future *future, double seconds, waldo_error *reterr", ")\n");
        printer_print(printer, "{\n");
        printer_function(printer, "    return waldo_future_message(",
                         "future, &calls_of_$P$[$position$], seconds, NULL, reterr", ");\n");
        printer_print(printer, "}\n");
        return;
    }
    printer_function(
        printer, "int $P$_$method$_await(",
        "waldo_future *future, double seconds, $Output$ **ret_result, waldo_error *reterr", ")\n");
    printer_print(printer, "{\n    ProtobufCMessage *result;\n");
    printer_function(printer, "    int status = waldo_future_message(",
                     "future, &calls_of_$P$[$position$], seconds, &result, reterr", ");\n");
    printer_print(printer, "    if (status >= 0)\n"
                           "        *ret_result = ($Output$ *)result;\n"
                           "    return status;\n"
                           "}\n");
}

/* $Q$: the type of what comes back, $ret$: its parameter. */
static void print_invoke_proxy(struct printer *printer)
{
    printer_function(printer, "int $P$_$method$(",
                     "$P$ *self, $arguments$$Q$ **$ret$, waldo_error *reterr", ")\n");
    printer_print(printer, "{\n    waldo_proxy *proxy;\n");
    printer_function(printer, "    int status = waldo_proxy_invoke_proxy(",
                     "(waldo_proxy *)self, &calls_of_$P$[$position$], $packed$, &proxy, reterr",
                     ");\n");
    printer_print(printer, "    if (status >= 0)\n"
                           "        *$ret$ = ($Q$ *)proxy;\n"
                           "    return status;\n"
                           "}\n");
}

/* $next$: the function's name, $Q$ and $self$: its first parameter. */
static void print_next(struct printer *printer)
{
    printer_function(printer, "int $next$(",
                     "$Q$ *$self$, const $Output$ **ret_item, waldo_error *reterr", ")\n");
    printer_print(printer, "{\n    const ProtobufCMessage *item;\n");
    printer_function(printer, "    int status = waldo_proxy_next_message(",
                     "(waldo_proxy *)$self$, &calls_of_$P$[$position$], &item, reterr", ");\n");
    printer_print(printer, "    if (status == 1)\n"
                           "        *ret_item = (const $Output$ *)item;\n"
                           "    return status;\n"
                           "}\n");
}

static void print_generator(struct printer *printer, const struct typeid *typeid,
                            const struct method *method)
{
    struct arena *arena = printer->arena;
    printer_set(printer, "Q", arena_print(arena, "%s_%s_iterator", typeid->prefix, method->name));
    printer_set(printer, "ret", "ret_iterator");
    print_invoke_proxy(printer);
    printer_set(printer, "next", arena_print(arena, "%s_%s_next", typeid->prefix, method->name));
    printer_set(printer, "self", "iterator");
    printer_print(printer, "\n");
    print_next(printer);
    printer_print(printer, "\n");
    printer_function(printer, "$Q$ *$P$_$method$_unref(", "$Q$ *iterator", ")\n");
    printer_print(printer, "{\n    return ($Q$ *)waldo_proxy_unref((waldo_proxy *)iterator);\n}\n");
}

static void print_method(struct printer *printer, const struct typeid *typeid, size_t position)
{
    const struct method *method = typeid->exposed[position];
    printer_set_method(printer, method);
    printer_set(printer, "position", arena_print(printer->arena, "%zu", position));
    printer_set(printer, "packed",
                method->has_input ? "(const ProtobufCMessage *)arguments" : "NULL");
    printer_print(printer, "\n");
    switch (method->kind) {
    case METHOD_UNARY:
        print_unary(printer, method);
        print_start(printer);
        print_await(printer, method);
        break;
    case METHOD_PROXY:
        printer_set(printer, "Q", model_proxy_type(method));
        printer_set(printer, "ret", "ret_proxy");
        print_invoke_proxy(printer);
        print_start(printer);
        printer_set(printer, "of",
                    arena_print(printer->arena, "&calls_of_%s[%zu]", typeid->prefix, position));
        print_await_proxy(printer);
        break;
    case METHOD_GENERATOR:
        print_generator(printer, typeid, method);
        break;
    case METHOD_ITERATES:
        printer_set(printer, "Q", typeid->prefix);
        printer_set(printer, "next", arena_print(printer->arena, "%s_next", typeid->prefix));
        printer_set(printer, "self", "self");
        print_next(printer);
        break;
    }
}

static void print_typeid(struct printer *printer, const struct typeid *typeid)
{
    printer_set(printer, "P", typeid->prefix);
    printer_set(printer, "typeid", typeid->name);
    printer_print(printer, "\n/* ---- $typeid$ ---- */\n");
    print_names(printer, typeid);
    print_calls(printer, typeid);
    if (!typeid->no_create)
        print_new(printer, typeid);
    print_common(printer);
    for (size_t i = 0; i < typeid->exposed_count; i++)
        print_method(printer, typeid, i);
}

void client_source_print(struct printer *printer, struct model *model, const struct file *file)
{
    (void)model;
    printer_set_file(printer, file);
    printer_print(printer, "/* Generated by protoc-gen-waldo from $file$. Do not edit. */\n"
                           "#include \"$base$.proxy.h\"\n");
    for (size_t i = 0; i < file->service_count; i++) {
        printer_set_service(printer, &file->services[i]);
        for (size_t j = 0; j < file->services[i].typeid_count; j++)
            print_typeid(printer, &file->services[i].typeids[j]);
    }
}
