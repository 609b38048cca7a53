/* The protocol between protoc and the plugin, without the input and output. */
#ifndef PROXYGEN_GENERATE_H
#define PROXYGEN_GENERATE_H

#include <stdint.h>
#include <stdio.h>

#include "arena.h"

/** Answers a packed CodeGeneratorRequest with a packed CodeGeneratorResponse in *ret_response, for
 *  text_free. 0; or -1 after errors, which went to the stream, and nothing is to be written. */
int generate(const uint8_t *request, size_t length, struct text *ret_response, FILE *errors);

#endif
