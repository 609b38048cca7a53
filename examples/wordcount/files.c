#include "files.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the list ---- */

static bool is_wanted(const char *name)
{
    static const char *const endings[] = {".c", ".h", ".proto", ".md"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcmp(dot, endings[i]) == 0)
            return true;
    return false;
}

static bool is_left_out(const FTSENT *directory)
{
    return directory->fts_level > FTS_ROOTLEVEL &&
           (directory->fts_name[0] == '.' || strncmp(directory->fts_name, "build", 5) == 0);
}

static int add(struct files *files, const char *path, waldo_error *reterr)
{
    char **paths = realloc(files->paths, (files->count + 1) * sizeof *paths);
    if (paths)
        files->paths = paths;
    char *copy = paths ? strdup(path) : NULL;
    if (!copy)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a list of files");
    files->paths[files->count++] = copy;
    return 0;
}

static int visit(FTS *tree, FTSENT *entry, struct files *files, waldo_error *reterr)
{
    switch (entry->fts_info) {
    case FTS_D:
        if (is_left_out(entry))
            fts_set(tree, entry, FTS_SKIP);
        return 0;
    case FTS_F:
        return is_wanted(entry->fts_name) ? add(files, entry->fts_path, reterr) : 0;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return waldo_error_system(reterr, entry->fts_errno, "%s", entry->fts_path);
    default:
        return 0;
    }
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

int files_find(char *const *paths, struct files *ret_files, waldo_error *reterr)
{
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!tree)
        return waldo_error_system(reterr, errno, "%s", paths[0]);
    struct files files = {0};
    int status = 0;
    for (FTSENT *entry; status >= 0 && (entry = fts_read(tree)) != NULL;)
        status = visit(tree, entry, &files, reterr);
    fts_close(tree);
    if (status < 0)
        files_free(&files);
    else
        *ret_files = files;
    return status;
}

void files_free(struct files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (struct files){0};
}

/* ---- wc ---- */

/* A process that reads `input` and whose output can be read from *ret_output. */
static int start_wc(FILE *input, pid_t *ret_process, FILE **ret_output, waldo_error *reterr)
{
    char *arguments[] = {"wc", "-w", "--files0-from=-", NULL};
    char *environment[] = {"LC_ALL=C", "PATH=/usr/bin:/bin", NULL};
    int ends[2];
    if (pipe(ends) < 0)
        return waldo_error_system(reterr, errno, "a pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(input), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int reason = posix_spawnp(ret_process, "wc", &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *ret_output = reason == 0 ? fdopen(ends[0], "r") : NULL;
    if (!*ret_output)
        close(ends[0]);
    return reason == 0 ? 0 : waldo_error_system(reterr, reason, "wc");
}

/* The number in the last line, which is the total where there are several files. */
static uint64_t read_total(FILE *output)
{
    char *line = NULL;
    size_t size = 0;
    uint64_t words = 0;
    while (getline(&line, &size, output) > 0)
        words = strtoull(line, NULL, 10);
    free(line);
    return words;
}

static int run_wc(FILE *input, uint64_t *ret_words, waldo_error *reterr)
{
    pid_t process;
    FILE *output;
    int status = start_wc(input, &process, &output, reterr);
    if (status < 0)
        return status;
    uint64_t words = output ? read_total(output) : 0;
    if (output)
        fclose(output);
    int ended = -1;
    while (waitpid(process, &ended, 0) < 0 && errno == EINTR)
        ;
    if (!output || ended != 0)
        return waldo_error_set(reterr, WALDO_ERUNTIME, "wc ended with status %d", ended);
    *ret_words = words;
    return 0;
}

int files_ask_wc(const struct files *files, uint64_t *ret_words, waldo_error *reterr)
{
    FILE *input = tmpfile();
    if (!input)
        return waldo_error_system(reterr, errno, "a temporary file");
    for (size_t i = 0; i < files->count; i++)
        fwrite(files->paths[i], strlen(files->paths[i]) + 1, 1, input);
    int status = fflush(input) == 0 ? 0 : waldo_error_system(reterr, errno, "a temporary file");
    rewind(input);
    if (status >= 0)
        status = run_wc(input, ret_words, reterr);
    fclose(input);
    return status;
}
