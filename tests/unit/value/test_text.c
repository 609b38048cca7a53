#include "unit/value/support.h"

#include "value/text.h"

Test(text, grows_and_stays_terminated)
{
    waldo__string string = {0};
    for (int i = 0; i < 1000; i++)
        waldo__string_format(&string, "%d,", i % 10);
    waldo__string_add(&string, "end");
    char *text = waldo__string_finish(&string);
    cr_assert_eq(strlen(text), 2003);
    cr_assert_str_eq(text + 1996, "8,9,end");
    free(text);
}

Test(text, empty_is_a_text)
{
    waldo__string string = {0};
    char *text = waldo__string_finish(&string);
    cr_assert_str_eq(text, "");
    free(text);
}

Test(text, after_a_failure_nothing_is_appended)
{
    waldo__string string = {0};
    waldo__string_add(&string, "a");
    waldo__string_append(&string, "b", SIZE_MAX / 2);
    waldo__string_add(&string, "c");
    cr_assert(string.failed);
    cr_assert_null(waldo__string_finish(&string));
}
