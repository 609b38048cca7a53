/* The handle classes of what lies in shared memory. */
#ifndef WALDO_RUNTIME_MEMORY_CLASSES_H
#define WALDO_RUNTIME_MEMORY_CLASSES_H

#include "memory/shared.h"

extern const waldo__handle_class waldo__lock_class;
extern const waldo__handle_class waldo__rlock_class;
extern const waldo__handle_class waldo__semaphore_class;
extern const waldo__handle_class waldo__event_class;
extern const waldo__handle_class waldo__condition_class;
extern const waldo__handle_class waldo__barrier_class;
extern const waldo__handle_class waldo__queue_class;
extern const waldo__handle_class waldo__value_class;
extern const waldo__handle_class waldo__array_class;
extern const waldo__handle_class waldo__shared_memory_class;
extern const waldo__handle_class waldo__shareable_list_class;
extern const waldo__handle_class waldo__buffer_class;

#endif
