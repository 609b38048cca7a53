/* Files of keys, written so that they are there as a whole or not at all. */
#ifndef WALDO_TOOLS_KEYGEN_STORE_H
#define WALDO_TOOLS_KEYGEN_STORE_H

#include <waldo/error.h>

/* Writes a file that holds the line, which ends in a newline, with mode 0600. WALDO_EEXIST: there
 * is something already; it is left alone. */
int store_create(const char *path, const char *line, waldo_error *reterr);
/* Puts the line at the end of a key ring, by way of a new file that takes its place. The new file
 * is called PATH.new, and keeps a second one from doing the same at the same time: WALDO_EEXIST.
 * What would be no key ring is not written: WALDO_EVALUE. */
int store_append(const char *path, const char *line, waldo_error *reterr);

#endif
