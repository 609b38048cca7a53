/* The protocol between protoc and the plugin, without the input and output. */
#ifndef PROXYGEN_GENERATE_H
#define PROXYGEN_GENERATE_H

#include <stdint.h>
#include <stdio.h>

#include "arena.h"

/** Answers bytes, a packed CodeGeneratorRequest, with a packed CodeGeneratorResponse in
 *  *ret_response, for text_free. 0; or -1 after errors, which went to stream: nothing is to be
 *  written then. */
int generate(const uint8_t *bytes, size_t length, struct text *ret_response, FILE *stream);

#endif
