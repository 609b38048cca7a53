/* The file of a Unix socket, known again when it is to be removed. */
#ifndef WALDO_SERVER_ENGINE_SOCKET_FILE_H
#define WALDO_SERVER_ENGINE_SOCKET_FILE_H

#include <stdbool.h>
#include <sys/types.h>

/* Zero: there is none. */
typedef struct waldo__socket_file {
    dev_t device;
    ino_t inode;
} waldo__socket_file;

/* What is at path now. */
waldo__socket_file waldo__socket_file_at(const char *path);
/* Removes path, unless it is another file by now. */
void waldo__socket_file_remove(const waldo__socket_file *file, const char *path);
/* Is there something at path that is no socket? */
bool waldo__socket_file_is_other(const char *path);

#endif
