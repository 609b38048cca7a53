#include "unit/value/support.h"

#include "value/unicode.h"

static bool valid(const char *text)
{
    return waldo__utf8_valid(text, strlen(text));
}

Test(unicode, well_formed)
{
    cr_assert(valid(""));
    cr_assert(valid("abc"));
    cr_assert(valid("\xc2\x80\xdf\xbf"));
    cr_assert(valid("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"));
    cr_assert(valid("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    cr_assert(waldo__utf8_valid("\0", 1));
}

Test(unicode, malformed)
{
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2z",
                                      "\xe0\x9f\xbf",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xf0\x9f\x98",
                                      "a\xfe"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert(!valid(bad[i]), "%zu", i);
}

Test(unicode, printable)
{
    cr_assert(waldo__is_printable(' '));
    cr_assert(waldo__is_printable('~'));
    cr_assert(!waldo__is_printable(0));
    cr_assert(!waldo__is_printable(0x7f));
    cr_assert(!waldo__is_printable(0xa0));
    cr_assert(!waldo__is_printable(0xad));
    cr_assert(waldo__is_printable(0xa1));
    cr_assert(!waldo__is_printable(0x2028));
    cr_assert(!waldo__is_printable(0xd800));
    cr_assert(waldo__is_printable(0x1f600));
    cr_assert(!waldo__is_printable(0x10ffff));
    cr_assert(waldo__is_printable(0xe01ef));
}
