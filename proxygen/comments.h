/* Text of a .proto inside C: in comments and in string literals. Whatever it holds, the output
 * compiles without a warning, as C11 and as C++17. */
#ifndef PROXYGEN_COMMENTS_H
#define PROXYGEN_COMMENTS_H

#include <stdbool.h>

#include "arena.h"

/** Text as it may stand in a comment: no comment marks, trigraphs, control characters, marks that
 *  change the direction of writing, or bytes that are not UTF-8. Newlines stay. */
char *comments_clean(struct arena *arena, const char *text);

/** Adds a documentation comment, indented, of the text and then the note; either may be "". Writes
 *  nothing if both are. */
void comments_print(struct text *out, unsigned indent, const char *text, const char *note);

/** A C initialiser of a string: a literal for each line, indented, or characters where the whole is
 *  longer than compilers must take. */
void comments_print_string(struct text *out, unsigned indent, const char *text);
/** Is the text so long that it needs an array of its own? */
bool comments_needs_array(const char *text);

#endif
