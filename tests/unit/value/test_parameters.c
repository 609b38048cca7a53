#include "unit/value/support.h"

#include <google/protobuf/empty.pb-c.h>
#include <google/protobuf/struct.pb-c.h>
#include <waldo/wire.pb-c.h>

#include "value/convert.h"

static void expect(const ProtobufCMessageDescriptor *descriptor, const char *const *expected)
{
    char **parameters;
    cr_assert(waldo__parameters(descriptor, &parameters, NULL) >= 0);
    size_t i = 0;
    for (; expected[i]; i++)
        cr_assert_str_eq(parameters[i], expected[i]);
    cr_assert_null(parameters[i]);
    free(parameters);
}

Test(parameters, as_text)
{
    expect(
        &waldo__wire__created__descriptor,
        (const char *const[]){"ref: waldo.Ref", "methods: repeated waldo.wire.MethodNumber", NULL});
    expect(&google__protobuf__struct__descriptor,
           (const char *const[]){"fields: map<string, google.protobuf.Value>", NULL});
    expect(&waldo__wire__method_number__descriptor,
           (const char *const[]){"number: uint32", "name: string", NULL});
    expect(&google__protobuf__empty__descriptor, (const char *const[]){NULL});
}

Test(parameters, enums_by_name)
{
    char **parameters;
    cr_assert(waldo__parameters(&waldo__wire__request__descriptor, &parameters, NULL) >= 0);
    cr_assert_str_eq(parameters[0], "operation: waldo.wire.Operation");
    cr_assert_str_eq(parameters[3], "body: bytes");
    free(parameters);
}
