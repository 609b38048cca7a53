/* The checker, with the simplest of the models. */
#include <criterion/criterion.h>

#include "text.h"

Test(checker, operations_that_overlap_may_come_in_any_order)
{
    RIGHT(model_value, NOTHING, "1 0-10 VALUE_SET 5\n2 1-9 VALUE_GET -> 0 0\n");
    RIGHT(model_value, NOTHING, "1 0-10 VALUE_SET 5\n2 1-9 VALUE_GET -> 0 5\n");
    WRONG(model_value, NOTHING, "1 0-10 VALUE_SET 5\n2 11-12 VALUE_GET -> 0 0\n");
    WRONG(model_value, NOTHING, "1 5-10 VALUE_SET 5\n2 1-2 VALUE_GET -> 0 5\n");
    WRONG(model_value, NOTHING,
          "1 0-20 VALUE_SET 5\n2 1-4 VALUE_GET -> 0 5\n3 5-9 VALUE_GET -> 0 0\n");
    RIGHT(model_value, NOTHING,
          "1 0-20 VALUE_SET 5\n2 1-6 VALUE_GET -> 0 5\n3 5-9 VALUE_GET -> 0 0\n");
}

Test(checker, what_nobody_knows_may_have_been_or_not)
{
    RIGHT(model_value, NOTHING, "1 0-? VALUE_SET 5\n2 1-2 VALUE_GET -> 0 0\n");
    RIGHT(model_value, NOTHING, "1 0-? VALUE_SET 5\n2 1-2 VALUE_GET -> 0 5\n");
    RIGHT(model_value, NOTHING,
          "1 0-? VALUE_SET 5\n2 1-2 VALUE_GET -> 0 0\n2 3-4 VALUE_GET -> 0 5\n");
    WRONG(model_value, NOTHING,
          "1 0-? VALUE_SET 5\n2 1-2 VALUE_GET -> 0 5\n2 3-4 VALUE_GET -> 0 0\n");
    WRONG(model_value, NOTHING, "1 3-? VALUE_SET 5\n2 1-2 VALUE_GET -> 0 5\n");
}

/* Many that overlap: without its memory the search would not end. */
Test(checker, remembers_what_leads_nowhere, .timeout = 60)
{
    enum { WRITERS = 22 };
    operation operations[WRITERS + 1] = {{0}};
    for (int i = 0; i < WRITERS; i++) {
        operations[i] = (operation){.kind = VALUE_FETCH_ADD, .session = 1, .to = 100};
        operations[i].arguments[0] = 1;
        operations[i].results[0] = i;
        operations[i].from = 0;
    }
    operations[WRITERS] = (operation){.kind = VALUE_GET, .session = 2, .from = 200, .to = 201};
    operations[WRITERS].results[0] = WRITERS;
    checked result = check_history(&model_value, NOTHING, operations, WRITERS + 1);
    cr_assert_eq(result.verdict, LINEARIZABLE);
    operations[WRITERS].results[0] = WRITERS - 1;
    result = check_history(&model_value, NOTHING, operations, WRITERS + 1);
    cr_assert_eq(result.verdict, VIOLATION);
    cr_assert_eq(result.explained, WRITERS);
}

Test(checker, says_when_it_cannot_tell)
{
    operation operations[64] = {{0}};
    for (int i = 0; i < 64; i++)
        operations[i] = (operation){.kind = LIST_APPEND, .session = 1, .from = 0, .to = 100};
    checked result = check_history(&model_list, NOTHING, operations, 64);
    cr_assert_eq(result.verdict, UNDECIDED);
}
