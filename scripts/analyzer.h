/* Included before every file that clang-tidy reads. It sees one file at a time, hence not that
 * these functions return a negative code; then it follows paths on which a failed call succeeded.
 */
#if __has_include(<waldo/error.h>)
#include <waldo/error.h>
#define waldo_error_set(err, code, ...) ((void)waldo_error_set((err), (code), __VA_ARGS__), (code))
#define waldo_error_system(...) ((void)waldo_error_system(__VA_ARGS__), WALDO_ESYSTEM)
#endif
#if __has_include(<waldo/service.h>)
#include <waldo/service.h>
#define waldo_call_raise(call, code, ...)                                                          \
    ((void)waldo_call_raise((call), (code), __VA_ARGS__), (code))
#endif
