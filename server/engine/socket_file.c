#include "engine/socket_file.h"

#include <sys/stat.h>
#include <unistd.h>

waldo__socket_file waldo__socket_file_at(const char *path)
{
    struct stat found;

    if (lstat(path, &found) < 0)
        return (waldo__socket_file){0, 0};
    return (waldo__socket_file){found.st_dev, found.st_ino};
}

void waldo__socket_file_remove(const waldo__socket_file *file, const char *path)
{
    waldo__socket_file now = waldo__socket_file_at(path);

    if (file->inode != 0 && now.inode == file->inode && now.device == file->device)
        unlink(path);
}

bool waldo__socket_file_is_other(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0 && !S_ISSOCK(found.st_mode);
}
