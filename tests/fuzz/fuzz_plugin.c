/* Any bytes as what protoc sends to protoc-gen-waldo. A refusal says why and writes nothing. */
#include <stdlib.h>

#include "generate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text response = {0};
    char *errors = NULL;
    size_t error_length = 0;
    FILE *stream = open_memstream(&errors, &error_length);
    if (!stream)
        abort();
    int status = generate(data, size, &response, stream);
    fclose(stream);
    if ((status == 0) != (error_length == 0) || (status != 0 && response.length > 0))
        abort();
    text_free(&response);
    free(errors);
    return 0;
}
