/* All C names that foo.pb-c.h, foo.proxy.h, foo.service.h and their sources declare, for a file and
 * everything it imports: no two may be the same. */
#include <string.h>

#include "model.h"
#include "names.h"
#include "symbols.h"

/* The names of one file; `own` if it is the one that is checked. */
struct scan {
    struct model *model;
    struct symbols *symbols;
    bool own;
};

static void add(const struct scan *scan, const char *scope, struct position position,
                const char *meaning, const char *format, ...) PROXYGEN_PRINTF(5, 6);

static void add(const struct scan *scan, const char *scope, struct position position,
                const char *meaning, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *name = arena_vprint(scan->model->arena, format, arguments);
    va_end(arguments);
    symbols_add(scan->symbols, scope, name, position, scan->own, meaning);
}

/* ---- foo.pb-c.h ---- */

/* The value of a oneof's enum that stands for the field. */
static void add_oneof_value(const struct scan *scan, const struct message *message,
                            const field_proto *field, struct position position)
{
    struct arena *arena = scan->model->arena;
    if (!field->has_oneof_index || field->oneof_index < 0 ||
        (size_t)field->oneof_index >= message->proto->n_oneof_decl)
        return;
    const char *oneof = model_string(message->proto->oneof_decl[field->oneof_index]->name);
    add(scan, "", position, arena_print(arena, "field %s", model_string(field->name)), "%s__%s_%s",
        message->c_upper, names_upper(arena, oneof), names_upper(arena, model_string(field->name)));
}

static void add_field(const struct scan *scan, const struct message *message, size_t i)
{
    const field_proto *field = message->proto->field[i];
    struct path path = path_add(&message->path, 2, i);
    path = path_field(&path, 1);
    struct position position = model_position(message->file, &path);
    const char *name = names_field(scan->model->arena, model_string(field->name));
    const char *meaning = arena_print(scan->model->arena, "field %s", model_string(field->name));
    const char *reason = names_reserved(name);
    if (scan->own && reason != NULL)
        errors_add(scan->model->errors, position, "%s is %s", meaning, reason);
    add(scan, message->c_type, position, meaning, "%s", name);
    add_oneof_value(scan, message, field, position);

    bool is_proto3 = strcmp(model_string(message->file->proto->syntax), "proto3") == 0;
    bool is_scalar = field->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE &&
                     field->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING;
    if (field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED)
        add(scan, message->c_type, position, meaning, "n_%s", name);
    else if (field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL &&
             !is_proto3 && is_scalar && !field->has_oneof_index)
        add(scan, message->c_type, position, meaning, "has_%s", name);
}

static void add_members(const struct scan *scan, const struct message *message)
{
    struct path name = path_field(&message->path, 1);
    add(scan, message->c_type, model_position(message->file, &name), "protobuf-c's own member",
        "%s", message->base_field);
    for (size_t i = 0; i < message->proto->n_field; i++)
        add_field(scan, message, i);
    for (size_t i = 0; i < message->proto->n_oneof_decl; i++) {
        const char *oneof = model_string(message->proto->oneof_decl[i]->name);
        struct path path = path_add(&message->path, 8, i);
        struct position position = model_position(message->file, &path);
        const char *meaning = arena_print(scan->model->arena, "oneof %s", oneof);
        add(scan, message->c_type, position, meaning, "%s_case",
            names_lower(scan->model->arena, oneof));
        add(scan, "", position, meaning, "%s__%s__NOT_SET", message->c_upper,
            names_upper(scan->model->arena, oneof));
        add(scan, "", position, meaning, "%s__%sCase", message->c_type,
            names_type(scan->model->arena, oneof));
    }
}

static void add_message(const struct scan *scan, const struct message *message)
{
    static const char *const functions[] = {"init",         "get_packed_size", "pack",
                                            "descriptor",   "unpack",          "pack_to_buffer",
                                            "free_unpacked"};
    struct path path = path_field(&message->path, 1);
    struct position position = model_position(message->file, &path);
    const char *meaning = arena_print(scan->model->arena, "message %s", message->full_name);
    const char *reason = names_reserved_global(message->c_type);
    if (scan->own && reason != NULL)
        errors_add(scan->model->errors, position, "%s becomes %s, which is %s", meaning,
                   message->c_type, reason);
    add(scan, "", position, meaning, "%s", message->c_type);
    add(scan, "", position, meaning, "%s_Closure", message->c_type);
    add(scan, "", position, meaning, "%s__INIT", message->c_upper);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        add(scan, "", position, meaning, "%s__%s", message->c_lower, functions[i]);
    add_members(scan, message);
}

static void add_enum(const struct scan *scan, const struct message *message)
{
    struct path path = path_field(&message->path, 1);
    struct position position = model_position(message->file, &path);
    const char *meaning = arena_print(scan->model->arena, "enum %s", message->full_name);
    const char *reason = names_reserved_global(message->c_type);
    if (scan->own && reason != NULL)
        errors_add(scan->model->errors, position, "%s becomes %s, which is %s", meaning,
                   message->c_type, reason);
    add(scan, "", position, meaning, "%s", message->c_type);
    add(scan, "", position, meaning, "%s__descriptor", message->c_lower);
    for (size_t i = 0; i < message->enumeration->n_value; i++) {
        const char *value = model_string(message->enumeration->value[i]->name);
        struct path inner = path_add(&message->path, 2, i);
        add(scan, "", model_position(message->file, &inner),
            arena_print(scan->model->arena, "enum value %s", value), "%s__%s", message->c_upper,
            value);
    }
}

/* protoc-gen-c writes code for services as well, which nobody uses but which must compile. */
static void add_c_service(const struct scan *scan, const struct service *service)
{
    struct arena *arena = scan->model->arena;
    const char *c_name = model_full_name(scan->model, service->file->c_package, service->name);
    const char *lower = names_lower(arena, c_name);
    const char *scope = arena_print(arena, "%s_Service", names_type(arena, c_name));
    const char *meaning = arena_print(arena, "service %s", service->full_name);
    add(scan, "", service->position, meaning, "%s", scope);
    add(scan, "", service->position, meaning, "%sDestroy", scope);
    add(scan, "", service->position, meaning, "%s__INIT", names_upper(arena, c_name));
    add(scan, "", service->position, meaning, "%s__BASE_INIT", names_upper(arena, c_name));
    add(scan, "", service->position, meaning, "%s__init", lower);
    add(scan, "", service->position, meaning, "%s__descriptor", lower);
    add(scan, "", service->position, meaning, "%s__method_indices_by_name", lower);
    add(scan, scope, service->position, meaning, "base");
    for (size_t i = 0; i < service->method_count; i++) {
        const struct method *method = &service->methods[i];
        const char *name = names_lower(arena, method->name);
        const char *of = arena_print(arena, "method %s", method->name);
        add(scan, scope, method->position, of, "%s", name);
        add(scan, "", method->position, of, "%s__%s", lower, name);
    }
}

/* ---- foo.proxy.h, foo.proxy.c ---- */

static void add_stub(const struct scan *scan, const struct typeid *typeid,
                     const struct method *method)
{
    const char *prefix = typeid->prefix;
    const char *meaning = arena_print(scan->model->arena, "method %s", method->name);
    if (method->kind == METHOD_ITERATES) {
        add(scan, "", method->position, meaning, "%s_next", prefix);
        add(scan, "", method->position, meaning, "%s_item", prefix);
        return;
    }
    add(scan, "", method->position, meaning, "%s_%s", prefix, method->name);
    if (method->kind != METHOD_GENERATOR) {
        add(scan, "", method->position, meaning, "%s_%s_async", prefix, method->name);
        add(scan, "", method->position, meaning, "%s_%s_await", prefix, method->name);
    }
    if (method->kind != METHOD_GENERATOR)
        return;
    add(scan, "", method->position, meaning, "%s_%s_item", prefix, method->name);
    add(scan, "", method->position, meaning, "%s_%s_next", prefix, method->name);
    add(scan, "", method->position, meaning, "%s_%s_unref", prefix, method->name);
    add(scan, "", method->position, meaning, "%s_%s_iterator", prefix, method->name);
    add(scan, "", method->position, meaning, "%s_%s_iterator_cleanup", prefix, method->name);
}

static void add_proxy(const struct scan *scan, const struct typeid *typeid)
{
    static const char *const functions[] = {"new",       "new_async", "new_await", "ref",
                                            "unref",     "cleanup",   "proxy",     "from_proxy",
                                            "from_name", "type"};
    const char *meaning = arena_print(scan->model->arena, "typeid %s", typeid->name);
    const char *reason = names_reserved_global(typeid->prefix);
    if (scan->own && reason != NULL)
        errors_add(scan->model->errors, typeid->position,
                   "typeid %s becomes the type %s, which is %s", typeid->name, typeid->prefix,
                   reason);
    add(scan, "", typeid->position, meaning, "%s", typeid->prefix);
    add(scan, "", typeid->position, meaning, "names_of_%s", typeid->prefix);
    add(scan, "", typeid->position, meaning, "calls_of_%s", typeid->prefix);
    add(scan, "", typeid->position, meaning, "exposed_of_%s", typeid->prefix);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        add(scan, "", typeid->position, meaning, "%s_%s", typeid->prefix, functions[i]);
}

/* ---- foo.service.h, foo.service.c ---- */

static void add_handler(const struct scan *scan, const struct service *service,
                        const struct method *method)
{
    const char *scope = arena_print(scan->model->arena, "%s_ops", service->prefix);
    bool yields = method->kind == METHOD_GENERATOR || method->kind == METHOD_ITERATES;
    const char *prefix = service->prefix;
    const char *meaning = arena_print(scan->model->arena, "method %s", method->name);
    add(scan, scope, method->position, meaning, "%s", method->name);
    add(scan, "", method->position, meaning, "invoke_%s_%s", prefix, method->name);
    add(scan, "", method->position, meaning, "comment_of_%s_%s", prefix, method->name);
    add(scan, "", method->position, meaning, "signature_of_%s_%s", prefix, method->name);
    add(scan, "", method->position, meaning, "%s_%s_%s", prefix, method->name,
        yields ? "yield" : "complete");
    if (!yields)
        return;
    add(scan, scope, method->position, meaning, "%s_steps", method->name);
    add(scan, "", method->position, meaning, "run_%s_%s", prefix, method->name);
    add(scan, "", method->position, meaning, "next_%s_%s", prefix, method->name);
    add(scan, "", method->position, meaning, "close_%s_%s", prefix, method->name);
}

static void add_service(const struct scan *scan, const struct service *service)
{
    static const char *const names[] = {"ops", "service", "register", "export"};
    static const char *const statics[] = {"provides",   "creates",   "create",        "destroy",
                                          "repr",       "getvalue",  "session_ended", "methods_of",
                                          "typeids_of", "comment_of"};
    static const char *const members[] = {"create", "destroy", "repr", "getvalue", "session_ended"};
    const char *meaning = arena_print(scan->model->arena, "service %s", service->full_name);
    const char *scope = arena_print(scan->model->arena, "%s_ops", service->prefix);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add(scan, "", service->position, meaning, "%s_%s", service->prefix, names[i]);
    for (size_t i = 0; i < sizeof statics / sizeof *statics; i++)
        add(scan, "", service->position, meaning, "%s_%s", statics[i], service->prefix);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        add(scan, scope, service->position, meaning, "%s", members[i]);
}

/* Messages, services and typeids before methods: a clash is the method's fault. */
static void add_file(const struct scan *scan, const struct file *file)
{
    for (const struct message *message = file->messages; message != NULL; message = message->next) {
        if (message->proto != NULL)
            add_message(scan, message);
        else
            add_enum(scan, message);
    }
    for (size_t i = 0; i < file->service_count; i++) {
        const struct service *service = &file->services[i];
        add_c_service(scan, service);
        add_service(scan, service);
        for (size_t j = 0; j < service->typeid_count; j++)
            add_proxy(scan, &service->typeids[j]);
    }
    for (size_t i = 0; i < file->service_count; i++) {
        const struct service *service = &file->services[i];
        for (size_t j = 0; j < service->method_count; j++)
            add_handler(scan, service, &service->methods[j]);
        for (size_t j = 0; j < service->typeid_count; j++)
            for (size_t k = 0; k < service->typeids[j].exposed_count; k++)
                add_stub(scan, &service->typeids[j], service->typeids[j].exposed[k]);
    }
}

void model_check_names(struct model *model, const struct file *file)
{
    struct symbols symbols = {model->arena, model->errors, {NULL, 0, 0}};
    const struct file **files = model_visible(model, file, true);
    struct scan imported = {model, &symbols, false};
    struct scan own = {model, &symbols, true};
    for (size_t i = 1; files[i] != NULL; i++)
        add_file(&imported, files[i]);
    add_file(&own, file);
}
