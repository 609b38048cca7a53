#include <string.h>

#include "model.h"
#include "names.h"
#include "options.h"

/* Deadlines end up in poll(2), which counts in int. */
#define DEADLINE_MAX 2147483647u

static struct position option_position(const struct method *method, int32_t number)
{
    struct path path = path_field(&method->path, 4);
    path = path_field(&path, number);
    return model_position(method->service->file, &path);
}

/* Errors of imported files are their own runs' business. */
static bool is_checked(const struct method *method)
{
    return method->service->file->selected;
}

static const struct message *find_type(struct model *model, const struct method *method,
                                       const char *type, int32_t field)
{
    const char *name = *type == '.' ? type + 1 : type;
    const struct message *message = map_get(&model->message_map, name);
    struct path path = path_field(&method->path, field);
    struct position position = model_position(method->service->file, &path);
    if (message == NULL || message->proto == NULL) {
        errors_add(model->errors, position, "method %s: there is no message \"%s\"", method->name,
                   name);
        return NULL;
    }
    if (message->file->no_generate && is_checked(method))
        errors_add(model->errors, position,
                   "method %s: %s has no C type, for its file says (pb_c_file).no_generate",
                   method->name, name);
    return message;
}

static void check_generator(struct model *model, const struct method *method,
                            const Proxygen__MethodOptions *options)
{
    bool is_next = strcmp(method->name, "__next__") == 0;
    bool is_generator = method->kind == METHOD_GENERATOR || method->kind == METHOD_ITERATES;
    struct path path = path_field(&method->path, 3);
    struct position output = model_position(method->service->file, &path);
    if (is_next && !is_generator)
        errors_add(model->errors, method->position,
                   "method __next__ must return a stream: it makes the object a generator");
    if (is_next && is_generator && method->has_input)
        errors_add(model->errors, method->position,
                   "method __next__ must take google.protobuf.Empty");
    if (is_generator && options->returns != NULL)
        errors_add(model->errors, option_position(method, 50661),
                   "method %s: a generator cannot return proxies", method->name);
    if (is_generator && method->output != NULL && options->returns == NULL &&
        strcmp(method->output->full_name, "waldo.Ref") == 0)
        errors_add(model->errors, output, "method %s: a generator cannot yield waldo.Ref",
                   method->name);
}

static void check_method(struct model *model, const struct method *method,
                         const Proxygen__MethodOptions *options)
{
    struct path path = path_field(&method->path, 5);
    bool is_ref = method->output != NULL && strcmp(method->output->full_name, "waldo.Ref") == 0;
    bool is_call = method->kind == METHOD_UNARY || method->kind == METHOD_PROXY;
    if (method->proto->has_client_streaming && method->proto->client_streaming)
        errors_add(model->errors, model_position(method->service->file, &path),
                   "method %s: arguments cannot be a stream", method->name);
    check_generator(model, method, options);
    if (is_call && options->returns != NULL && !is_ref)
        errors_add(model->errors, option_position(method, 50661),
                   "method %s: (waldo.returns) needs the output type waldo.Ref", method->name);
    path = path_field(&method->path, 3);
    if (is_call && options->returns == NULL && is_ref)
        errors_add(model->errors, model_position(method->service->file, &path),
                   "method %s returns waldo.Ref: say of which typeid with (waldo.returns)",
                   method->name);
    if (method->reads_ahead && is_call)
        errors_add(model->errors, option_position(method, 50665),
                   "method %s: (waldo.read_ahead) needs a generator", method->name);
    if (options->has_deadline_ms &&
        (options->deadline_ms == 0 || options->deadline_ms > DEADLINE_MAX))
        errors_add(model->errors, option_position(method, 50663),
                   "method %s: (waldo.deadline_ms) must be from 1 to %u", method->name,
                   DEADLINE_MAX);
}

static void check_name(struct model *model, const struct method *method)
{
    const char *lower = names_lower(model->arena, method->name);
    const char *reason = names_reserved(method->name);
    if (reason != NULL)
        errors_add(model->errors, method->position, "method name %s is %s", method->name, reason);
    else if ((reason = names_reserved(lower)) != NULL)
        errors_add(model->errors, method->position,
                   "method name %s becomes %s in protoc-gen-c's header, which is %s", method->name,
                   lower, reason);
}

static void read_kind(struct method *method, const Proxygen__MethodOptions *options)
{
    bool streams = (method->proto->has_server_streaming && method->proto->server_streaming) ||
                   (options->has_generator && options->generator);
    if (streams)
        method->kind = strcmp(method->name, "__next__") == 0 ? METHOD_ITERATES : METHOD_GENERATOR;
    else
        method->kind = options->returns != NULL ? METHOD_PROXY : METHOD_UNARY;
    method->has_input =
        method->input != NULL && strcmp(method->input->full_name, "google.protobuf.Empty") != 0;
    method->has_output = method->kind == METHOD_UNARY && method->output != NULL &&
                         strcmp(method->output->full_name, "google.protobuf.Empty") != 0;
}

/* Two methods of one wire name would be one method to clients. */
static void check_wire_name(struct model *model, const struct method *method)
{
    const struct service *service = method->service;
    if (!names_is_identifier(method->wire_name))
        errors_add(model->errors, option_position(method, 50664),
                   "method %s: (waldo.name) \"%s\" is not a C identifier", method->name,
                   method->wire_name);
    for (const struct method *other = service->methods; other != method; other++)
        if (strcmp(other->wire_name, method->wire_name) == 0)
            errors_add(model->errors, option_position(method, 50664),
                       "method %s: the name \"%s\" is taken by method %s", method->name,
                       method->wire_name, other->name);
}

static const char *signature(struct model *model, const struct method *method)
{
    bool streams = method->proto->has_server_streaming && method->proto->server_streaming;
    return arena_print(model->arena, "%s(%s) returns (%s%s)", method->wire_name,
                       method->input->full_name, streams ? "stream " : "",
                       method->output->full_name);
}

static void read_method(struct model *model, struct method *method)
{
    method->input = find_type(model, method, model_string(method->proto->input_type), 2);
    method->output = find_type(model, method, model_string(method->proto->output_type), 3);
    method->signature = "";

    Proxygen__MethodOptions *options = options_of_method(method->proto->options);
    if (options == NULL) {
        errors_add(model->errors, method->position, "method %s: unreadable options", method->name);
        return;
    }
    method->deadline_ms = options->deadline_ms;
    method->reads_ahead = options->has_read_ahead && options->read_ahead;
    if (options->name != NULL)
        method->wire_name = arena_print(model->arena, "%s", options->name);
    if (method->input != NULL && method->output != NULL)
        method->signature = signature(model, method);
    read_kind(method, options);
    if (is_checked(method)) {
        check_name(model, method);
        check_wire_name(model, method);
        check_method(model, method, options);
    }
    proxygen__method_options__free_unpacked(options, NULL);
}

void model_read_methods(struct model *model, struct service *service)
{
    service->method_count = service->proto->n_method;
    service->methods = arena_alloc(model->arena, service->method_count, sizeof *service->methods);
    for (size_t i = 0; i < service->method_count; i++) {
        struct method *method = &service->methods[i];
        method->proto = service->proto->method[i];
        method->name = model_string(method->proto->name);
        method->wire_name = method->name;
        method->service = service;
        method->path = path_add(&service->path, 2, i);
        struct path name = path_field(&method->path, 1);
        method->position = model_position(service->file, &name);
        method->comment = source_comment(service->file->proto, &method->path, model->arena);
        read_method(model, method);
    }
}

static bool is_called(struct model *model, const struct typeid *typeid, const char *name)
{
    if (strcmp(typeid->name, name) == 0)
        return true;
    const char *full_name = model_full_name(model, typeid->service->file->package, typeid->name);
    return strcmp(full_name, *name == '.' ? name + 1 : name) == 0;
}

static void resolve(struct model *model, struct method *method, const char *name)
{
    const struct file **files = model_visible(model, method->service->file, false);
    const struct typeid *found = NULL;
    const struct typeid *second = NULL;
    for (; *files != NULL; files++)
        for (size_t i = 0; i < (*files)->service_count; i++)
            for (size_t j = 0; j < (*files)->services[i].typeid_count; j++) {
                const struct typeid *typeid = &(*files)->services[i].typeids[j];
                if (!is_called(model, typeid, name))
                    continue;
                if (found == NULL)
                    found = typeid;
                else if (second == NULL)
                    second = typeid;
            }
    if (found == NULL)
        errors_add(model->errors, option_position(method, 50661),
                   "method %s: no service here or in an import has the typeid \"%s\"; those of the "
                   "builtin types are in waldo/builtins.proto",
                   method->name, name);
    else if (second != NULL && found->service->file != method->service->file)
        errors_add(model->errors, option_position(method, 50661),
                   "method %s: typeid \"%s\" is in %s and in %s; write package.typeid",
                   method->name, name, found->service->file->name, second->service->file->name);
    method->returns = found;
}

void model_resolve_returns(struct model *model, struct service *service)
{
    for (size_t i = 0; service->file->selected && i < service->method_count; i++) {
        struct method *method = &service->methods[i];
        if (method->kind != METHOD_PROXY)
            continue;
        Proxygen__MethodOptions *options = options_of_method(method->proto->options);
        if (options != NULL && options->returns != NULL && strcmp(options->returns, "*") != 0)
            resolve(model, method, options->returns);
        if (options != NULL)
            proxygen__method_options__free_unpacked(options, NULL);
    }
}

const char *model_proxy_type(const struct method *method)
{
    return method->returns == NULL ? "waldo_proxy" : method->returns->prefix;
}
