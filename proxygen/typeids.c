#include <string.h>

#include "model.h"
#include "names.h"
#include "options.h"

static const struct method *find_method(const struct service *service, const char *name)
{
    for (size_t i = 0; i < service->method_count; i++)
        if (strcmp(service->methods[i].wire_name, name) == 0)
            return &service->methods[i];
    return NULL;
}

static bool is_exposed(const struct typeid *typeid, const struct method *method)
{
    if (typeid->list == NULL)
        return method->wire_name[0] != '_';
    for (size_t i = 0; i < typeid->list_count; i++)
        if (strcmp(typeid->list[i], method->wire_name) == 0)
            return true;
    return false;
}

static void check_list(struct model *model, const struct typeid *typeid)
{
    for (size_t i = 0; i < typeid->list_count; i++) {
        const char *name = typeid->list[i];
        if (find_method(typeid->service, name) == NULL)
            errors_add(model->errors, typeid->position,
                       "typeid %s exposes \"%s\", which is no method of service %s", typeid->name,
                       name, typeid->service->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(typeid->list[j], name) == 0)
                errors_add(model->errors, typeid->position, "typeid %s exposes \"%s\" twice",
                           typeid->name, name);
    }
}

static void expose(struct model *model, struct typeid *typeid)
{
    const struct service *service = typeid->service;
    typeid->exposed = arena_alloc(model->arena, service->method_count, sizeof *typeid->exposed);
    for (size_t i = 0; i < service->method_count; i++)
        if (is_exposed(typeid, &service->methods[i]))
            typeid->exposed[typeid->exposed_count++] = &service->methods[i];
}

static void read_option(struct model *model, struct typeid *typeid, const Waldo__TypeOption *option)
{
    typeid->name = arena_print(model->arena, "%s", option->typeid_);
    typeid->no_create = option->no_create;
    typeid->list_count = option->n_exposed;
    if (option->n_exposed == 0)
        return;
    typeid->list = arena_alloc(model->arena, option->n_exposed, sizeof *typeid->list);
    for (size_t i = 0; i < option->n_exposed; i++)
        typeid->list[i] = arena_print(model->arena, "%s", option->exposed[i]);
}

static void read_typeid(struct model *model, struct service *service, size_t i,
                        const Waldo__TypeOption *option)
{
    struct typeid *typeid = &service->typeids[i];
    struct path path = path_field(&service->path, 3);
    path = path_add(&path, 50651, i);
    typeid->service = service;
    typeid->name = service->name;
    typeid->position = option == NULL ? service->position : model_position(service->file, &path);
    if (option != NULL)
        read_option(model, typeid, option);
    typeid->prefix = names_prefix(model->arena, service->file->package, typeid->name);
    expose(model, typeid);
    if (!service->file->selected)
        return;
    if (*typeid->name == '\0')
        errors_add(model->errors, typeid->position, "service %s: (waldo.type) has no typeid",
                   service->name);
    else if (!names_is_identifier(typeid->name))
        errors_add(model->errors, typeid->position, "typeid \"%s\" is not a C identifier",
                   typeid->name);
    check_list(model, typeid);
}

void model_read_typeids(struct model *model, struct service *service)
{
    Proxygen__ServiceOptions *options = options_of_service(service->proto->options);
    size_t count = options == NULL ? 0 : options->n_type;
    service->typeid_count = count == 0 ? 1 : count;
    service->typeids = arena_alloc(model->arena, service->typeid_count, sizeof *service->typeids);
    if (count == 0)
        read_typeid(model, service, 0, NULL);
    for (size_t i = 0; i < count; i++)
        read_typeid(model, service, i, options->type[i]);
    if (options != NULL)
        proxygen__service_options__free_unpacked(options, NULL);
}

static void check_unique(struct model *model, const struct file *file, struct map *seen,
                         struct typeid *typeid)
{
    if (*typeid->name == '\0')
        return;
    const struct typeid *other = map_get(seen, typeid->name);
    if (other == NULL)
        map_put(seen, model->arena, typeid->name, typeid);
    else if (typeid->service->file == file)
        errors_add(model->errors, typeid->position, "typeid %s is taken by service %s (%s:%d)",
                   typeid->name, other->service->full_name, other->service->file->name,
                   other->position.line);
}

void model_check_typeids(struct model *model, const struct file *file)
{
    const struct file **files = model_visible(model, file, true);
    struct map seen = {NULL, 0, 0};
    for (size_t pass = 0; pass < 2; pass++) /* the imports first: theirs were there before */
        for (size_t f = 0; files[f] != NULL; f++)
            for (size_t i = 0; i < files[f]->service_count; i++)
                for (size_t j = 0; j < files[f]->services[i].typeid_count; j++)
                    if ((pass == 1) == (files[f] == file))
                        check_unique(model, file, &seen, &files[f]->services[i].typeids[j]);
}
