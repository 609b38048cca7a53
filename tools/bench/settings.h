/* What the command line says. */
#ifndef WALDO_BENCH_SETTINGS_H
#define WALDO_BENCH_SETTINGS_H

#include <stdbool.h>

typedef struct settings {
    bool peers;
    bool quick;
    bool list;
    double seconds;      /* of a row in a round */
    const char *pattern; /* of fnmatch(); NULL: all */
    const char *json;    /* files to write; NULL: none */
    const char *plot;
    const char *markdown;
} settings;

/* False: there is nothing to do but to exit with *ret_status. */
bool settings_read(int argc, char **argv, settings *ret_settings, int *ret_status);
bool settings_want(const settings *chosen, const char *name, bool is_peer);

#endif
