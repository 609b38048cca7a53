/* A descriptor as a handle. */
#ifndef WALDO_RUNTIME_PROCESS_DESCRIPTOR_H
#define WALDO_RUNTIME_PROCESS_DESCRIPTOR_H

#include "process/handle.h"

extern const waldo__handle_class waldo__descriptor_class;

/* TAKES the number. NULL: out of memory. */
waldo_value *waldo__v_descriptor(int number);

#endif
