/* A module with a target, for a forkserver to load. */
#include <stdio.h>

#include <waldo/mp.h>

int target_of_module(const waldo_value *arguments, waldo_error *reterr);

/* Without an end of line it stays in the buffer, and must not be in those of all children. */
__attribute__((constructor)) static void tell(void)
{
    printf("loaded ");
}

int target_of_module(const waldo_value *arguments, waldo_error *reterr)
{
    (void)arguments;
    (void)reterr;
    return 42;
}
WALDO_MP_TARGET(target_of_module)
