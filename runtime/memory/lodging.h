/* Buffers that messages of calls name by an id of 16 random bytes: from where the message is made
 * to where it is sent, and from where it came to where it is looked into. A message cannot hold a
 * reference; the buffer lodges here meanwhile. Who knows an id has been told it: nobody else's
 * buffer can be had by guessing. Any thread. */
#ifndef WALDO_RUNTIME_MEMORY_LODGING_H
#define WALDO_RUNTIME_MEMORY_LODGING_H

#include <stdbool.h>
#include <stdint.h>

#include <waldo/mp/buffer.h>

#define WALDO__LODGING_ID_SIZE 16

typedef struct waldo__lodging waldo__lodging;

/* A message is made that names the buffer: held until waldo__lodging_send for it, or for a minute.
 * False: out of memory. */
bool waldo__lodging_enter(waldo_mp_buffer *buffer, uint8_t ret_id[WALDO__LODGING_ID_SIZE]);
/* The message is on its way: a reference, and it is held no longer; NULL: it is gone. As long as
 * the buffer lives, the same message can be sent again. */
waldo_mp_buffer *waldo__lodging_send(const uint8_t id[WALDO__LODGING_ID_SIZE]);

/* A message came that names a buffer. It is held until waldo__lodging_leave; or, where `once`,
 * until it was looked at, or for a minute; from then on the message is good as long as the buffer
 * lives. NULL: out of memory. */
waldo__lodging *waldo__lodging_arrive(waldo_mp_buffer *buffer,
                                      const uint8_t id[WALDO__LODGING_ID_SIZE], bool once);
/* Not for one that came `once`. */
void waldo__lodging_leave(waldo__lodging *lodging);

/* The buffer that a message names, with a reference; NULL: it is gone, or never was. */
waldo_mp_buffer *waldo__lodging_find(const uint8_t id[WALDO__LODGING_ID_SIZE]);
/* A buffer is about to be freed. */
void waldo__lodging_forget(waldo_mp_buffer *buffer);
/* Is there a buffer that messages may name? */
bool waldo__lodging_is_used(void);

#endif
