/* What these programs do about an error: say it and end. */
#ifndef SEED_CHECK_H
#define SEED_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include <waldo/mp.h>

static waldo_error err;

static inline int check(int status)
{
    if (status < 0) {
        waldo_error_print(&err, stderr);
        exit(1);
    }
    return status;
}

#endif
