#include "generate.h"

#include <string.h>

#include "model.h"
#include "nesting.h"
#include "printer.h"

typedef Google__Protobuf__Compiler__CodeGeneratorResponse response_message;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File response_file;

/* The four files of each .proto; those without a service are valid and nearly empty, so that rules
 * to build them need not look inside. */
static const struct {
    const char *ending;
    void (*print)(struct printer *printer, struct model *model, const struct file *file);
} outputs[] = {
    {".proxy.h", client_header_print},
    {".proxy.c", client_source_print},
    {".service.h", server_header_print},
    {".service.c", server_source_print},
};

enum { OUTPUTS = sizeof outputs / sizeof *outputs };

static void add_file(struct model *model, response_message *response, const struct file *file)
{
    for (size_t i = 0; i < OUTPUTS; i++) {
        struct printer printer = {.arena = model->arena};
        outputs[i].print(&printer, model, file);
        response_file *output = arena_alloc(model->arena, 1, sizeof *output);
        google__protobuf__compiler__code_generator_response__file__init(output);
        output->name = arena_print(model->arena, "%s%s", file->base, outputs[i].ending);
        output->content = arena_strndup(model->arena, printer.out.data, printer.out.length);
        text_free(&printer.out);
        response->file[response->n_file++] = output;
    }
}

static void respond(struct model *model, struct text *ret_response)
{
    response_message response;
    google__protobuf__compiler__code_generator_response__init(&response);
    /* protoc would stop at a proto3 `optional` with a sentence of its own, and without a place. */
    response.has_supported_features = 1;
    response.supported_features =
        GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL;
    response.file = arena_alloc(model->arena, model->file_count * OUTPUTS, sizeof *response.file);
    for (size_t i = 0; i < model->file_count; i++)
        if (model->files[i].selected)
            add_file(model, &response, &model->files[i]);

    size_t size = protobuf_c_message_get_packed_size(&response.base);
    char *packed = arena_alloc(model->arena, size, 1);
    protobuf_c_message_pack(&response.base, (uint8_t *)packed);
    text_append(ret_response, packed, size);
}

int generate(const uint8_t *bytes, size_t length, struct text *ret_response, FILE *stream)
{
    request_message *request = NULL;
    if (nesting_is_bounded(bytes, length))
        request = google__protobuf__compiler__code_generator_request__unpack(NULL, length, bytes);
    if (request == NULL) {
        fputs("protoc-gen-waldo: error: the input is not a CodeGeneratorRequest of protoc, or its "
              "messages are nested too deep\n",
              stream);
        return -1;
    }
    struct arena arena = {NULL};
    struct errors errors = {.arena = &arena};
    struct model model = {.arena = &arena, .errors = &errors};
    model_build(&model, request);
    if (errors.count == 0)
        respond(&model, ret_response);
    else
        errors_print(&errors, stream);
    int status = errors.count == 0 ? 0 : -1;
    arena_free(&arena);
    google__protobuf__compiler__code_generator_request__free_unpacked(request, NULL);
    return status;
}
