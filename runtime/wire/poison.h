/* Memory that waits for its next use, and that nobody may touch meanwhile: AddressSanitizer sees to
 * it. */
#ifndef WALDO_RUNTIME_WIRE_POISON_H
#define WALDO_RUNTIME_WIRE_POISON_H

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { WALDO__POISONS = 1 };
#else
enum { WALDO__POISONS = 0 };
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

#endif
