/* What the program knows of a row that runs. */
#ifndef WALDO_CONFORMANCE_ROW_INTERNAL_H
#define WALDO_CONFORMANCE_ROW_INTERNAL_H

#include "row.h"

/* Set before the row runs; the same for its clients. */
typedef struct row_settings {
    const char *url;
    const char *authkey_file; /* NULL: the user's own */
    bool one_process;
    int report; /* where the row's process and its clients report */
} row_settings;

extern row_settings row_set;

/* The first byte of a report; a text and a NUL follow. */
enum { REPORT_PASS = 'P', REPORT_FAIL = 'F', REPORT_SKIP = 'S' };

void row_report(char kind, const char *text);
/* Gives row_manager() back. */
void row_drop_manager(void);
/* Skips the row if the server lacks one of the types. */
void row_check_needs(const char *needs);

/* What there is before the row and must be there after it. */
void row_take_inventory(void);
void row_check_inventory(void);

/* A client's process: runs the function. */
_Noreturn void row_be_client(const char *name);

row_entry *row_first(void);

#endif
