/* Messages and enums: their C names, and what protoc-gen-c 1.4 cannot do with them. */
#include <string.h>

#include "model.h"
#include "names.h"
#include "options.h"

#define GROUP GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP

static struct message *add(struct model *model, struct file *file, const char *scope,
                           const char *name, const struct path *path)
{
    struct message *message = arena_alloc(model->arena, 1, sizeof *message);
    message->full_name = model_full_name(model, scope, name);
    message->file = file;
    message->path = *path;

    const char *c_name = message->full_name;
    if (file->c_package != file->package) {
        size_t skip = strlen(file->package) + (*file->package != '\0');
        c_name = model_full_name(model, file->c_package, message->full_name + skip);
    }
    message->c_type = names_type(model->arena, c_name);
    message->c_lower = names_lower(model->arena, c_name);
    message->c_upper = names_upper(model->arena, c_name);

    struct message **last = &file->messages;
    while (*last != NULL)
        last = &(*last)->next;
    *last = message;
    if (map_get(&model->message_map, message->full_name) == NULL)
        map_put(&model->message_map, model->arena, message->full_name, message);
    return message;
}

static void add_enum(struct model *model, struct file *file, const char *scope,
                     const enum_proto *proto, const struct path *path)
{
    struct message *message = add(model, file, scope, model_string(proto->name), path);
    message->enumeration = proto;
}

static void read_options(struct model *model, struct message *message, bool nested)
{
    Proxygen__MessageOptions *options = options_of_message(message->proto->options);
    message->has_free = nested ? message->file->nested_helpers : message->file->pack_helpers;
    message->base_field = "base";
    if (options == NULL) {
        errors_add(model->errors, model_position(message->file, &message->path),
                   "unreadable options");
        return;
    }
    const Proxygen__ProtobufCMessage *pb_c = options->pb_c_msg;
    if (pb_c != NULL && pb_c->has_gen_pack_helpers)
        message->has_free = pb_c->gen_pack_helpers;
    if (pb_c != NULL && pb_c->base_field_name != NULL)
        message->base_field = arena_print(model->arena, "%s", pb_c->base_field_name);
    proxygen__message_options__free_unpacked(options, NULL);
}

static void check_fields(struct model *model, const struct message *message)
{
    for (size_t i = 0; i < message->proto->n_field; i++) {
        const field_proto *field = message->proto->field[i];
        struct path path = path_add(&message->path, 2, i);
        path = path_field(&path, 1);
        struct position position = model_position(message->file, &path);
        const char *name = model_string(field->name);
        if (field->has_proto3_optional && field->proto3_optional)
            errors_add(model->errors, position,
                       "field %s: protoc-gen-c 1.4 cannot do `optional` in proto3; leave it out, "
                       "or put the field into a oneof",
                       name);
        if (field->has_type && field->type == GROUP)
            errors_add(model->errors, position,
                       "field %s: protoc-gen-c cannot do groups; use a message", name);
    }
}

static void add_message(struct model *model, struct file *file, const char *scope,
                        const message_proto *proto, const struct path *path, unsigned depth)
{
    struct message *message = add(model, file, scope, model_string(proto->name), path);
    message->proto = proto;
    read_options(model, message, depth > 0);
    if (file->selected)
        check_fields(model, message);
    if (depth == MODEL_DEPTH) {
        errors_add(model->errors, model_position(file, path),
                   "messages are nested more than %d deep", MODEL_DEPTH);
        return;
    }
    for (size_t i = 0; i < proto->n_enum_type; i++) {
        struct path inner = path_add(path, 4, i);
        add_enum(model, file, message->full_name, proto->enum_type[i], &inner);
    }
    for (size_t i = 0; i < proto->n_nested_type; i++) {
        struct path inner = path_add(path, 3, i);
        add_message(model, file, message->full_name, proto->nested_type[i], &inner, depth + 1);
    }
}

void model_read_messages(struct model *model, struct file *file)
{
    const struct path root = {{0}, 0};
    for (size_t i = 0; i < file->proto->n_enum_type; i++) {
        struct path path = path_add(&root, 5, i);
        add_enum(model, file, file->package, file->proto->enum_type[i], &path);
    }
    for (size_t i = 0; i < file->proto->n_message_type; i++) {
        struct path path = path_add(&root, 4, i);
        add_message(model, file, file->package, file->proto->message_type[i], &path, 0);
    }
}
