/* What protoc never sends: garbage, halves, and descriptors that do not fit together. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "model.h"

/* The answer to a request, and what went to the error stream. */
struct answer {
    int status;
    struct text response;
    char *errors;
    size_t error_length;
};

static struct answer ask(const uint8_t *bytes, size_t length)
{
    struct answer answer = {0};
    FILE *stream = open_memstream(&answer.errors, &answer.error_length);
    answer.status = generate(bytes, length, &answer.response, stream);
    fclose(stream);
    return answer;
}

static void forget(struct answer *answer)
{
    text_free(&answer->response);
    free(answer->errors);
}

/* A refusal says why and writes nothing. */
static void expect_sane(const struct answer *answer)
{
    if (answer->status == 0)
        cr_expect_eq(answer->error_length, 0u);
    else
        cr_expect(answer->error_length > 0 && answer->response.length == 0);
}

/* A file `a.proto` with a message M and a service S with a method m(M) returns (M). */
struct sample {
    method_proto method, *methods[1];
    service_proto service, *services[1];
    message_proto message, *messages[1];
    file_proto file, *files[1];
    char *names[1];
    request_message request;
};

static void make(struct sample *sample)
{
    google__protobuf__method_descriptor_proto__init(&sample->method);
    google__protobuf__service_descriptor_proto__init(&sample->service);
    google__protobuf__descriptor_proto__init(&sample->message);
    google__protobuf__file_descriptor_proto__init(&sample->file);
    google__protobuf__compiler__code_generator_request__init(&sample->request);
    sample->method.name = "m";
    sample->method.input_type = ".M";
    sample->method.output_type = ".M";
    sample->methods[0] = &sample->method;
    sample->service.name = "S";
    sample->service.n_method = 1;
    sample->service.method = sample->methods;
    sample->services[0] = &sample->service;
    sample->message.name = "M";
    sample->messages[0] = &sample->message;
    sample->file.name = "a.proto";
    sample->file.syntax = "proto3";
    sample->file.n_service = 1;
    sample->file.service = sample->services;
    sample->file.n_message_type = 1;
    sample->file.message_type = sample->messages;
    sample->files[0] = &sample->file;
    sample->names[0] = "a.proto";
    sample->request.n_file_to_generate = 1;
    sample->request.file_to_generate = sample->names;
    sample->request.n_proto_file = 1;
    sample->request.proto_file = sample->files;
}

static uint8_t *pack(const struct sample *sample, size_t *ret_length)
{
    *ret_length = protobuf_c_message_get_packed_size(&sample->request.base);
    uint8_t *bytes = malloc(*ret_length + 1);
    cr_assert_not_null(bytes);
    protobuf_c_message_pack(&sample->request.base, bytes);
    return bytes;
}

static struct answer ask_sample(const struct sample *sample)
{
    size_t length;
    uint8_t *bytes = pack(sample, &length);
    struct answer answer = ask(bytes, length);
    free(bytes);
    expect_sane(&answer);
    return answer;
}

static void expect_refused(const struct sample *sample, const char *sentence)
{
    struct answer answer = ask_sample(sample);
    cr_expect_eq(answer.status, -1);
    cr_expect_not_null(strstr(answer.errors, sentence), "got: %s", answer.errors);
    forget(&answer);
}

Test(generate, answers_without_source_positions)
{
    struct sample sample;
    make(&sample);
    struct answer answer = ask_sample(&sample);
    cr_expect_eq(answer.status, 0, "%s", answer.errors);

    Google__Protobuf__Compiler__CodeGeneratorResponse *response =
        google__protobuf__compiler__code_generator_response__unpack(
            NULL, answer.response.length, (const uint8_t *)answer.response.data);
    cr_assert_not_null(response);
    cr_assert_eq(response->n_file, 4u);
    cr_expect_str_eq(response->file[0]->name, "a.proxy.h");
    cr_expect_str_eq(response->file[3]->name, "a.service.c");
    google__protobuf__compiler__code_generator_response__free_unpacked(response, NULL);
    forget(&answer);
}

Test(generate, nothing_gives_nothing)
{
    struct answer answer = ask((const uint8_t *)"", 0);
    cr_expect_eq(answer.status, 0);
    expect_sane(&answer);
    forget(&answer);
}

Test(generate, survives_every_cut_and_every_changed_byte)
{
    struct sample sample;
    size_t length;
    make(&sample);
    uint8_t *bytes = pack(&sample, &length);
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *exact = malloc(cut + 1); /* its own size, for the sanitizer to see */
        memcpy(exact, bytes, cut);
        struct answer answer = ask(exact, cut);
        expect_sane(&answer);
        forget(&answer);
        free(exact);
    }
    for (size_t at = 0; at < length; at++)
        for (int change = 1; change < 256; change++) {
            bytes[at] = (uint8_t)(bytes[at] ^ change);
            struct answer answer = ask(bytes, length);
            expect_sane(&answer);
            forget(&answer);
            bytes[at] = (uint8_t)(bytes[at] ^ change);
        }
    free(bytes);
}

Test(generate, refuses_garbage)
{
    uint8_t garbage[512];
    unsigned long state = 88172645463325252UL;
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof garbage; i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            garbage[i] = (uint8_t)state;
        }
        struct answer answer = ask(garbage, sizeof garbage);
        expect_sane(&answer);
        forget(&answer);
    }
}

Test(generate, refuses_what_does_not_fit_together)
{
    struct sample sample;
    make(&sample);
    sample.names[0] = "b.proto";
    expect_refused(&sample, "b.proto: error: the request does not describe this file");
    make(&sample);
    sample.method.input_type = ".N";
    expect_refused(&sample, "method m: there is no message \"N\"");
    make(&sample);
    sample.method.output_type = NULL;
    expect_refused(&sample, "method m: there is no message \"\"");
    make(&sample);
    sample.file.syntax = "editions";
    expect_refused(&sample, "syntax \"editions\" is not supported");
    make(&sample);
    sample.file.name = sample.names[0] = "a\"*/.proto";
    expect_refused(&sample, "cannot stand in an #include");
}

Test(generate, refuses_deep_nesting)
{
    message_proto nested[MODEL_DEPTH + 1];
    message_proto *pointers[MODEL_DEPTH + 1];
    struct sample sample;
    make(&sample);
    for (size_t i = 0; i <= MODEL_DEPTH; i++) {
        google__protobuf__descriptor_proto__init(&nested[i]);
        nested[i].name = "N";
        pointers[i] = &nested[i];
        if (i > 0) {
            nested[i - 1].n_nested_type = 1;
            nested[i - 1].nested_type = &pointers[i];
        }
    }
    sample.message.n_nested_type = 1;
    sample.message.nested_type = pointers;
    expect_refused(&sample, "messages are nested more than 32 deep");
}

/* A message in a message in ..., packed by hand: protobuf-c would recurse until the stack ends. */
Test(generate, refuses_nesting_that_would_end_the_stack)
{
    enum { DEPTH = 200000, SIZE = 8 * DEPTH };
    uint8_t *bytes = malloc(SIZE);
    size_t start = SIZE;
    cr_assert_not_null(bytes);
    for (int level = DEPTH; level >= 0; level--) {
        size_t length = SIZE - start;
        uint8_t prefix[10];
        size_t width = 0;
        prefix[width++] = (uint8_t)((level == 0 ? 15 : level == 1 ? 4 : 3) << 3 | 2);
        do {
            prefix[width++] = (uint8_t)((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
            length >>= 7;
        } while (length > 0);
        start -= width;
        memcpy(bytes + start, prefix, width);
    }
    struct answer answer = ask(bytes + start, SIZE - start);
    cr_expect_eq(answer.status, -1);
    cr_expect_not_null(strstr(answer.errors, "nested too deep"));
    expect_sane(&answer);
    forget(&answer);
    free(bytes);
}
