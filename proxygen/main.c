/* protoc-gen-waldo: a plugin of protoc. Reads a CodeGeneratorRequest from standard input and
 * writes a CodeGeneratorResponse to standard output:
 *
 *     protoc --plugin=protoc-gen-waldo --waldo_out=DIR shop/counter.proto
 *
 * makes shop/counter.proxy.h and .c for clients, shop/counter.service.h and .c for servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"

static int read_all(struct text *input)
{
    char buffer[65536];
    size_t length;
    while ((length = fread(buffer, 1, sizeof buffer, stdin)) > 0)
        text_append(input, buffer, length);
    return ferror(stdin) ? -1 : 0;
}

static int run(void)
{
    struct text input = {NULL, 0, 0};
    struct text output = {NULL, 0, 0};
    int status = read_all(&input);
    if (status < 0)
        perror("protoc-gen-waldo: error: reading the input");
    else
        status = generate((const uint8_t *)input.data, input.length, &output, stderr);
    if (status == 0 &&
        (fwrite(output.data, 1, output.length, stdout) < output.length || fflush(stdout) != 0)) {
        perror("protoc-gen-waldo: error: writing the output");
        status = -1;
    }
    text_free(&input);
    text_free(&output);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        int asked = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--version") == 0;
        fputs("protoc-gen-waldo is a plugin: protoc --waldo_out=DIR FILE.proto\n",
              asked ? stdout : stderr);
        return asked ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return run() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
