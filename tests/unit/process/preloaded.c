/* A module with a target, for a forkserver to load. */
#include <waldo/mp.h>

int target_of_module(const waldo_value *arguments, waldo_error *reterr);

int target_of_module(const waldo_value *arguments, waldo_error *reterr)
{
    (void)arguments;
    (void)reterr;
    return 42;
}
WALDO_MP_TARGET(target_of_module)
