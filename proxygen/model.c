#include "model.h"

#include <string.h>

#include "names.h"
#include "options.h"

const char *model_string(const char *string)
{
    return string == NULL ? "" : string;
}

const char *model_full_name(struct model *model, const char *package, const char *name)
{
    return arena_print(model->arena, "%s%s%s", package, *package == '\0' ? "" : ".", name);
}

struct position model_position(const struct file *file, const struct path *path)
{
    struct position position = source_position(file->proto, path);
    position.file = file->name;
    return position;
}

static void read_file_options(struct model *model, struct file *file)
{
    Proxygen__FileOptions *options = options_of_file(file->proto->options);
    file->c_package = file->package;
    file->pack_helpers = true;
    if (options == NULL) {
        errors_add(model->errors, (struct position){file->name, 0, 0}, "unreadable file options");
        return;
    }
    const Proxygen__ProtobufCFile *pb_c = options->pb_c_file;
    if (pb_c != NULL) {
        file->no_generate = pb_c->has_no_generate && pb_c->no_generate;
        file->pack_helpers = !pb_c->has_gen_pack_helpers || pb_c->gen_pack_helpers;
        file->nested_helpers = pb_c->has_gen_pack_helpers && pb_c->gen_pack_helpers;
        if (pb_c->c_package != NULL)
            file->c_package = arena_print(model->arena, "%s", pb_c->c_package);
    }
    proxygen__file_options__free_unpacked(options, NULL);
}

/* The name goes into #include lines and comments as it is. */
static bool is_usable_file_name(const char *name)
{
    if (*name == '\0' || strstr(name, "??") != NULL || strstr(name, "//") != NULL)
        return false;
    for (; *name != '\0'; name++)
        if ((unsigned char)*name < ' ' || *name == 0x7f || strchr("\"\\*<>", *name) != NULL)
            return false;
    return true;
}

static void read_file(struct model *model, struct file *file, const file_proto *proto)
{
    file->proto = proto;
    file->name = model_string(proto->name);
    file->base = names_base(model->arena, file->name);
    file->package = model_string(proto->package);
    read_file_options(model, file);
    file->imports = arena_alloc(model->arena, proto->n_dependency, sizeof *file->imports);
    for (size_t i = 0; i < proto->n_dependency; i++) {
        struct file *import = map_get(&model->file_map, proto->dependency[i]);
        if (import != NULL)
            file->imports[file->import_count++] = import;
    }
    if (map_get(&model->file_map, file->name) == NULL)
        map_put(&model->file_map, model->arena, file->name, file);
}

static void select_files(struct model *model, const request_message *request)
{
    for (size_t i = 0; i < request->n_file_to_generate; i++) {
        const char *name = model_string(request->file_to_generate[i]);
        struct file *file = map_get(&model->file_map, name);
        struct position position = {name, 0, 0};
        if (file == NULL) {
            errors_add(model->errors, position, "the request does not describe this file");
            continue;
        }
        file->selected = true;
        if (!is_usable_file_name(name))
            errors_add(model->errors, position, "the file's name cannot stand in an #include");
        if (file->no_generate)
            errors_add(model->errors, position,
                       "option (pb_c_file).no_generate leaves this file without its messages");
    }
}

/* The message's C names would not exist: protoc-gen-c refuses the file. */
static const field_proto *find_optional(const struct file *file)
{
    for (const struct message *message = file->messages; message != NULL; message = message->next)
        for (size_t i = 0; message->proto != NULL && i < message->proto->n_field; i++)
            if (message->proto->field[i]->has_proto3_optional &&
                message->proto->field[i]->proto3_optional)
                return message->proto->field[i];
    return NULL;
}

static void check_imports(struct model *model, const struct file *file)
{
    const struct path root = {{0}, 0};
    for (size_t i = 0; i < file->import_count; i++) {
        const struct file *import = file->imports[i];
        const field_proto *field = import->no_generate ? NULL : find_optional(import);
        if (field == NULL || import->selected)
            continue;
        struct path path = path_add(&root, 3, i);
        errors_add(model->errors, model_position(file, &path),
                   "%s has the proto3 `optional` field %s, which protoc-gen-c 1.4 cannot do",
                   import->name, model_string(field->name));
    }
}

static void check_syntax(struct model *model, const struct file *file)
{
    const char *syntax = model_string(file->proto->syntax);
    const struct path path = {{12}, 1};
    if (*syntax != '\0' && strcmp(syntax, "proto2") != 0 && strcmp(syntax, "proto3") != 0)
        errors_add(model->errors, model_position(file, &path),
                   "syntax \"%s\" is not supported: use proto2 or proto3", syntax);
}

/* Adds a file and what it imports, unless they are there; they are few, so a list will do. */
static size_t add_visible(const struct file **files, size_t count, const struct file *file)
{
    for (size_t i = 0; i < count; i++)
        if (files[i] == file)
            return count;
    files[count] = file;
    return count + 1;
}

static bool is_public(const struct file *file, size_t import)
{
    for (size_t i = 0; i < file->proto->n_public_dependency; i++)
        if (file->proto->public_dependency[i] >= 0 &&
            (size_t)file->proto->public_dependency[i] < file->proto->n_dependency &&
            strcmp(file->proto->dependency[file->proto->public_dependency[i]],
                   file->imports[import]->name) == 0)
            return true;
    return false;
}

const struct file **model_visible(struct model *model, const struct file *file, bool all)
{
    const struct file **files = arena_alloc(model->arena, model->file_count + 1, sizeof *files);
    size_t count = add_visible(files, 0, file);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < files[i]->import_count; j++)
            if (all || i == 0 || is_public(files[i], j))
                count = add_visible(files, count, files[i]->imports[j]);
    return files;
}

void model_build(struct model *model, const request_message *request)
{
    model->file_count = request->n_proto_file;
    model->files = arena_alloc(model->arena, model->file_count, sizeof *model->files);
    for (size_t i = 0; i < model->file_count; i++)
        read_file(model, &model->files[i], request->proto_file[i]);
    select_files(model, request);

    for (size_t i = 0; i < model->file_count; i++)
        model_read_messages(model, &model->files[i]);
    for (size_t i = 0; i < model->file_count; i++)
        model_read_services(model, &model->files[i]);
    for (size_t i = 0; i < model->file_count; i++) {
        struct file *file = &model->files[i];
        for (size_t j = 0; j < file->service_count; j++)
            model_resolve_returns(model, &file->services[j]);
        if (!file->selected)
            continue;
        check_syntax(model, file);
        check_imports(model, file);
        model_check_typeids(model, file);
        model_check_names(model, file);
    }
}
