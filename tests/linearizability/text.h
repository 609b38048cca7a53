/* Histories as text, of which we know whether they can be.
 *
 * A line is an operation: SESSION[.THREAD] FROM-TO NAME ARGUMENTS... -> STATUS RESULTS... Without
 * the arrow the status is 0; a TO of ? says that nobody knows how it ended. */
#ifndef WALDO_TESTS_LINEARIZABILITY_TEXT_H
#define WALDO_TESTS_LINEARIZABILITY_TEXT_H

#include "checker.h"

/* line: in the source, for people. */
void expect(verdict expected, const model *of, const int64_t *configuration, const char *text,
            int line);

#define CONFIGURATION(...) ((const int64_t[]){__VA_ARGS__})
#define RIGHT(model, configuration, text)                                                          \
    expect(LINEARIZABLE, &(model), configuration, text, __LINE__)
#define WRONG(model, configuration, text) expect(VIOLATION, &(model), configuration, text, __LINE__)
#define NOTHING CONFIGURATION(0)

#endif
