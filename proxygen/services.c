#include <string.h>

#include "model.h"
#include "names.h"
#include "options.h"

/* Finds a message as protoc would from inside the service: the innermost scope first. */
static const struct message *find_message(struct model *model, const struct service *service,
                                          const char *name)
{
    if (*name == '.')
        return map_get(&model->message_map, name + 1);
    char *scope = arena_print(model->arena, "%s", service->full_name);
    for (;;) {
        char *dot = strrchr(scope, '.');
        if (dot == NULL)
            return map_get(&model->message_map, name);
        *dot = '\0';
        const struct message *message =
            map_get(&model->message_map, model_full_name(model, scope, name));
        if (message != NULL)
            return message;
    }
}

static bool sees(struct model *model, const struct file *file, const struct file *other)
{
    const struct file **files = model_visible(model, file, false);
    while (*files != NULL && *files != other)
        files++;
    return *files != NULL;
}

static void read_create(struct model *model, struct service *service, const char *name)
{
    struct path path = path_field(&service->path, 3);
    path = path_field(&path, 50652);
    struct position position = model_position(service->file, &path);
    const struct message *message = find_message(model, service, name);
    if (message == NULL || !sees(model, service->file, message->file))
        errors_add(model->errors, position, "(waldo.create): there is no message \"%s\"", name);
    else if (message->proto == NULL)
        errors_add(model->errors, position, "(waldo.create): %s is an enum, not a message", name);
    else if (strcmp(message->full_name, "google.protobuf.Empty") != 0)
        service->create = message;
}

static void read_options(struct model *model, struct service *service)
{
    Proxygen__ServiceOptions *options = options_of_service(service->proto->options);
    if (options == NULL) {
        errors_add(model->errors, service->position, "service %s: unreadable options",
                   service->name);
        return;
    }
    if (options->create != NULL)
        read_create(model, service, options->create);
    service->concurrent =
        options->has_execution && options->execution == WALDO__EXECUTION__CONCURRENT;
    proxygen__service_options__free_unpacked(options, NULL);
}

void model_read_services(struct model *model, struct file *file)
{
    const struct path root = {{0}, 0};
    file->service_count = file->proto->n_service;
    file->services = arena_alloc(model->arena, file->service_count, sizeof *file->services);
    for (size_t i = 0; i < file->service_count; i++) {
        struct service *service = &file->services[i];
        service->proto = file->proto->service[i];
        service->name = model_string(service->proto->name);
        service->full_name = model_full_name(model, file->package, service->name);
        service->prefix = names_prefix(model->arena, file->package, service->name);
        service->file = file;
        service->path = path_add(&root, 6, i);
        struct path name = path_field(&service->path, 1);
        service->position = model_position(file, &name);
        service->comment = source_comment(file->proto, &service->path, model->arena);
        read_options(model, service);
        model_read_methods(model, service);
        model_read_typeids(model, service);
    }
}
