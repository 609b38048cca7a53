/* foo.service.c: the thunks between the server and the handlers of a type. */
#include "printer.h"
#include "service_table.h"

static void print_unary(struct printer *printer, const struct method *method)
{
    const char *unused = method->has_input ? "" : "    (void)input;\n";
    printer_print(printer, "    const struct $S$_ops *handlers = ops;\n");
    if (method->kind == METHOD_PROXY) {
        printer_print(printer, unused);
        printer_function(printer, "    return handlers->$method$(",
                         "self, call, $input$waldo_call_export(call)", ");\n");
        return;
    }
    if (method->has_output)
        printer_print(printer, "    $Output$ result = $OUTPUT$__INIT;\n");
    printer_function(printer, "    int status = handlers->$method$(",
                     method->has_output  ? "self, call, $input$&result"
                     : method->has_input ? "self, call, (const $Input$ *)input"
                                         : "self, call",
                     ");\n");
    printer_set(printer, "result",
                method->has_output ? "(const ProtobufCMessage *)&result" : "NULL");
    printer_print(printer, unused);
    printer_print(printer, "    if (status != 0)\n"
                           "        return status;\n"
                           "    return waldo_call_return(call, $result$);\n");
}

/* run_, next_ and close_: what the server calls while the generator lives. */
static void print_steps(struct printer *printer, const struct method *method)
{
    printer_print(printer, "\n");
    printer_function(printer, "static int run_$S$_$method$(",
                     "waldo_generator *generator, waldo_call *call, const void *ops, void *self, "
                     "const ProtobufCMessage *input",
                     ")\n");
    printer_print(printer, "{\n    const struct $S$_ops *handlers = ops;\n");
    if (!method->has_input)
        printer_print(printer, "    (void)input;\n");
    printer_function(printer, "    return handlers->$method$(",
                     method->has_input ? "generator, call, self, (const $Input$ *)input"
                                       : "generator, call, self",
                     ");\n");
    printer_print(printer, "}\n\n");
    printer_function(printer, "static int next_$S$_$method$(",
                     "waldo_call *call, const void *ops, void *state", ")\n");
    printer_print(printer,
                  "{\n"
                  "    const struct $S$_ops *handlers = ops;\n"
                  "    $Output$ item = $OUTPUT$__INIT;\n"
                  "    int status = handlers->$method$_steps.next(state, call, &item);\n"
                  "    if (status != 1)\n"
                  "        return status;\n"
                  "    status = waldo_call_return(call, (const ProtobufCMessage *)&item);\n"
                  "    return status < 0 ? status : 1;\n"
                  "}\n\n"
                  "static void close_$S$_$method$(const void *ops, void *state)\n"
                  "{\n"
                  "    const struct $S$_ops *handlers = ops;\n"
                  "    if (handlers->$method$_steps.close != NULL)\n"
                  "        handlers->$method$_steps.close(state);\n"
                  "}\n");
}

static void print_start(struct printer *printer, const struct method *method)
{
    printer_print(printer, "    const struct $S$_ops *handlers = ops;\n"
                           "    void *state = self;\n");
    if (!method->has_input)
        printer_print(printer, "    (void)input;\n");
    printer_print(printer, "    if (handlers->$method$ != NULL)\n"
                           "        return waldo_call_generate(call, run_$S$_$method$);\n"
                           "    if (handlers->$method$_steps.open != NULL) {\n");
    printer_function(printer, "        int status = handlers->$method$_steps.open(",
                     "self, call, $input$&state", ");\n");
    printer_print(printer, "        if (status != 0)\n"
                           "            return status;\n"
                           "    }\n");
    printer_function(printer, "    return waldo_call_generate_steps(",
                     "call, state, next_$S$_$method$, close_$S$_$method$", ");\n");
}

static void print_thunk(struct printer *printer, const struct method *method)
{
    bool yields = method->kind == METHOD_GENERATOR || method->kind == METHOD_ITERATES;
    printer_set_method(printer, method);
    printer_set(printer, "input", "");
    if (method->has_input)
        printer_set(printer, "input",
                    arena_print(printer->arena, "(const %s *)input, ", method->input->c_type));
    if (yields)
        print_steps(printer, method);
    printer_print(printer, "\n");
    printer_function(printer, "static int invoke_$S$_$method$(",
                     "waldo_call *call, const void *ops, void *self, const ProtobufCMessage *input",
                     ")\n");
    printer_print(printer, "{\n");
    if (yields)
        print_start(printer, method);
    else
        print_unary(printer, method);
    printer_print(printer, "}\n");
}

static void print_create(struct printer *printer, const struct service *service)
{
    printer_set(printer, "input", "");
    if (service->create != NULL)
        printer_set(printer, "input",
                    arena_print(printer->arena, "(const %s *)input, ", service->create->c_type));
    printer_print(printer, "\nstatic bool creates_$S$(const void *ops)\n"
                           "{\n"
                           "    const struct $S$_ops *handlers = ops;\n"
                           "    return handlers->create != NULL;\n"
                           "}\n\n");
    printer_function(printer, "static int create_$S$(",
                     "waldo_call *call, const void *ops, void *type_data, "
                     "const ProtobufCMessage *input, void **ret_self",
                     ")\n");
    printer_print(printer, "{\n"
                           "    const struct $S$_ops *handlers = ops;\n");
    if (service->create == NULL)
        printer_print(printer, "    (void)input;\n");
    printer_print(printer, "    if (handlers->create == NULL)\n"
                           "        return WALDO_ENOTIMPLEMENTED;\n"
                           "    return handlers->create(type_data, call, $input$ret_self);\n"
                           "}\n");
}

/* destroy_, session_ended_, repr_ and getvalue_. */
static void print_rest(struct printer *printer)
{
    static const char *const names[][2] = {{"repr", "ret_text"}, {"getvalue", "ret_value"}};
    printer_print(printer, "\nstatic void destroy_$S$(const void *ops, void *self)\n"
                           "{\n"
                           "    const struct $S$_ops *handlers = ops;\n"
                           "    if (handlers->destroy != NULL)\n"
                           "        handlers->destroy(self);\n"
                           "}\n");
    printer_print(printer, "\n");
    printer_function(printer, "static void session_ended_$S$(",
                     "const void *ops, void *self, const uint8_t *session", ")\n");
    printer_print(printer, "{\n"
                           "    const struct $S$_ops *handlers = ops;\n"
                           "    if (handlers->session_ended != NULL)\n"
                           "        handlers->session_ended(self, session);\n"
                           "}\n");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        printer_set(printer, "member", names[i][0]);
        printer_set(printer, "ret", names[i][1]);
        printer_print(printer, "\n");
        printer_function(printer, "static int $member$_$S$(",
                         "waldo_call *call, const void *ops, void *self, waldo_value **$ret$",
                         ")\n");
        printer_print(printer, "{\n"
                               "    const struct $S$_ops *handlers = ops;\n"
                               "    if (handlers->$member$ == NULL)\n"
                               "        return WALDO_ENOTIMPLEMENTED;\n"
                               "    return handlers->$member$(self, call, $ret$);\n"
                               "}\n");
    }
}

static void print_helper(struct printer *printer, const struct method *method)
{
    printer_set_method(printer, method);
    printer_print(printer, "\n");
    if (method->kind == METHOD_GENERATOR || method->kind == METHOD_ITERATES) {
        printer_function(printer, "int $S$_$method$_yield(",
                         "waldo_generator *generator, const $Output$ *item", ")\n");
        printer_print(printer, "{\n    return waldo_generator_yield(generator, "
                               "(const ProtobufCMessage *)item);\n}\n");
        return;
    }
    printer_function(printer, "int $S$_$method$_complete(",
                     method->has_output ? "waldo_call *call, const $Output$ *result"
                                        : "waldo_call *call",
                     ")\n");
    printer_set(printer, "result",
                method->has_output ? "(const ProtobufCMessage *)result" : "NULL");
    printer_print(printer, "{\n    return waldo_call_return(call, $result$);\n}\n");
}

static void print_public(struct printer *printer, const struct service *service)
{
    printer_print(printer, "\n");
    printer_function(printer, "int $S$_register(",
                     "waldo_registry *registry, const struct $S$_ops *ops, void *type_data, "
                     "waldo_error *reterr",
                     ")\n");
    printer_print(printer, "{\n");
    printer_function(printer, "    return waldo_registry_add_service(",
                     "registry, &$S$_service, ops, type_data, reterr", ");\n");
    printer_print(printer, "}\n"
                           "\nint $S$_export(waldo_export *target, void *self)\n"
                           "{\n"
                           "    return waldo_export_object(target, &$S$_service, self);\n"
                           "}\n");
    for (size_t i = 0; i < service->method_count; i++)
        print_helper(printer, &service->methods[i]);
}

void server_source_print(struct printer *printer, struct model *model, const struct file *file)
{
    (void)model;
    printer_set_file(printer, file);
    printer_print(printer, "/* Generated by protoc-gen-waldo from $file$. Do not edit. */\n"
                           "#include \"$base$.service.h\"\n");
    for (size_t i = 0; i < file->service_count; i++) {
        const struct service *service = &file->services[i];
        printer_set_service(printer, service);
        printer_print(printer, "\n/* ---- $service$ ---- */\n");
        for (size_t j = 0; j < service->method_count; j++)
            print_thunk(printer, &service->methods[j]);
        print_create(printer, service);
        print_rest(printer);
        service_table_print(printer, service);
        print_public(printer, service);
    }
}
