/* Memory with a name (rows K1-K15): Python's SharedMemory, ShareableList and SharedMemoryManager.
 *
 *     waldo_mp_shared_memory *block;
 *     waldo_mp_shared_memory_create(NULL, 4096, true, &block, &err);     // "psm_5f3c02aa"
 *     memcpy(waldo_mp_shared_memory_buf(block), text, size);
 *     ... waldo_mp_shared_memory_name(block) ...                         // for any other process
 *     waldo_mp_shared_memory_unlink(block, &err);
 *
 * A name lives until somebody unlinks it, as in Python; but if the process that created the memory
 * ends without that, however it ends, the name goes as soon as no process uses the memory any more:
 * never before, and never one that another process made (track false: nobody looks after it). A
 * small program, waldo-shm-janitor, sees to that; it is started with the first name.
 *
 * What needs no name is better off without: waldo/mp/sharedctypes.h, waldo/mp/buffer.h. Named
 * memory cannot be sealed: a process that may open it could cut it, and who then reads it gets
 * SIGBUS.
 *
 * Names are files of /dev/shm, with mode 0600. Objects are counted; any thread, but what is in the
 * memory is the users' own business. */
#ifndef WALDO_MP_SHARED_MEMORY_H
#define WALDO_MP_SHARED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <waldo/value.h>

WALDO_BEGIN_DECLS

/* ---- SharedMemory ---- */

typedef struct waldo_mp_shared_memory waldo_mp_shared_memory;

/** Zeroed memory of that size, which the host sets aside at once. name NULL: one that is free. A
 *  leading '/' does not count. WALDO_EVALUE: size 0, or no name for a file; WALDO_EEXIST: the name
 * is taken; WALDO_ESYSTEM: /dev/shm is full; WALDO_ENOTFOUND: there is no /dev/shm. */
WALDO_CHECK int waldo_mp_shared_memory_create(const char *name, size_t size, bool track,
                                              waldo_mp_shared_memory **ret_memory,
                                              waldo_error *reterr);
/** WALDO_ENOTFOUND; WALDO_EPERMISSION; WALDO_EVALUE: it is empty, or name is NULL. */
WALDO_CHECK int waldo_mp_shared_memory_attach(const char *name, waldo_mp_shared_memory **ret_memory,
                                              waldo_error *reterr);
waldo_mp_shared_memory *waldo_mp_shared_memory_ref(waldo_mp_shared_memory *memory);
/** The last one closes it. NULL is a no-op. Returns NULL. */
waldo_mp_shared_memory *waldo_mp_shared_memory_unref(waldo_mp_shared_memory *memory);
/** Without a '/'. */
const char *waldo_mp_shared_memory_name(const waldo_mp_shared_memory *memory);
size_t waldo_mp_shared_memory_size(const waldo_mp_shared_memory *memory);
/** NULL once it is closed. */
void *waldo_mp_shared_memory_buf(const waldo_mp_shared_memory *memory);
/** The memory is no longer here; others keep it. Again: a no-op. No other thread may be using it.
 */
void waldo_mp_shared_memory_close(waldo_mp_shared_memory *memory);
/** Takes the name away; who has the memory keeps it. WALDO_ENOTFOUND: somebody has done so. */
WALDO_CHECK int waldo_mp_shared_memory_unlink(waldo_mp_shared_memory *memory, waldo_error *reterr);
/** "SharedMemory('psm_5f3c02aa', size=4096)". free() it. NULL: out of memory. */
char *waldo_mp_shared_memory_repr(const waldo_mp_shared_memory *memory);
/** waldo/mp/handle.h. It travels as its name; WALDO_ENOTFOUND where that is gone (row K5). */
waldo_value *waldo_mp_shared_memory_value(waldo_mp_shared_memory *memory);
WALDO_CHECK int waldo_mp_shared_memory_from_value(const waldo_value *value,
                                                  waldo_mp_shared_memory **ret_memory,
                                                  waldo_error *reterr);

/* ---- ShareableList: a fixed number of None, bool, int (64 bits), float, str and bytes. Each place
 * keeps the size that its first item needed, rounded up. What is got is what was set, trailing NULs
 * and all. ---- */

typedef struct waldo_mp_shareable_list waldo_mp_shareable_list;

/** TAKES items, a list or tuple. name and errors as waldo_mp_shared_memory_create; WALDO_ETYPE: an
 *  item of another kind. */
WALDO_CHECK int waldo_mp_shareable_list_create(waldo_value *items, const char *name,
                                               waldo_mp_shareable_list **ret_list,
                                               waldo_error *reterr);
/** As waldo_mp_shared_memory_attach; WALDO_EPROTOCOL: it is no ShareableList. */
WALDO_CHECK int waldo_mp_shareable_list_attach(const char *name, waldo_mp_shareable_list **ret_list,
                                               waldo_error *reterr);
waldo_mp_shareable_list *waldo_mp_shareable_list_ref(waldo_mp_shareable_list *list);
waldo_mp_shareable_list *waldo_mp_shareable_list_unref(waldo_mp_shareable_list *list);
/** Its memory, borrowed: for the name, close and unlink. */
waldo_mp_shared_memory *waldo_mp_shareable_list_shm(const waldo_mp_shareable_list *list);
size_t waldo_mp_shareable_list_length(const waldo_mp_shareable_list *list);
/** A negative index counts from the end. WALDO_EINDEX; WALDO_EVALUE: closed; WALDO_EPROTOCOL:
 * spoiled by somebody. */
WALDO_CHECK int waldo_mp_shareable_list_get(const waldo_mp_shareable_list *list, int64_t index,
                                            waldo_value **ret_item, waldo_error *reterr);
/** TAKES item. WALDO_EVALUE: "bytes/str item exceeds available storage"; the place is as it was. */
WALDO_CHECK int waldo_mp_shareable_list_set(waldo_mp_shareable_list *list, int64_t index,
                                            waldo_value *item, waldo_error *reterr);
/** How many are equal to item. */
WALDO_CHECK int waldo_mp_shareable_list_count(const waldo_mp_shareable_list *list,
                                              const waldo_value *item, size_t *ret_count,
                                              waldo_error *reterr);
/** The first one equal to item. WALDO_EVALUE: there is none. */
WALDO_CHECK int waldo_mp_shareable_list_index(const waldo_mp_shareable_list *list,
                                              const waldo_value *item, size_t *ret_index,
                                              waldo_error *reterr);
/** Python's struct format of the places: "8sdqxxxxxxx?". free() *ret_format. */
WALDO_CHECK int waldo_mp_shareable_list_format(const waldo_mp_shareable_list *list,
                                               char **ret_format, waldo_error *reterr);
/** The items under another name; NULL: one that is free. */
WALDO_CHECK int waldo_mp_shareable_list_copy(const waldo_mp_shareable_list *list, const char *name,
                                             waldo_mp_shareable_list **ret_list,
                                             waldo_error *reterr);
waldo_value *waldo_mp_shareable_list_value(waldo_mp_shareable_list *list);
WALDO_CHECK int waldo_mp_shareable_list_from_value(const waldo_value *value,
                                                   waldo_mp_shareable_list **ret_list,
                                                   waldo_error *reterr);

/* ---- SharedMemoryManager: unlinks all that was made through it. It belongs to one process; if
 * that dies, the names go as those of any other ---- */

typedef struct waldo_mp_shared_memory_manager waldo_mp_shared_memory_manager;

WALDO_CHECK int waldo_mp_shared_memory_manager_new(waldo_mp_shared_memory_manager **ret_manager,
                                                   waldo_error *reterr);
/** Shuts it down. NULL is a no-op. Returns NULL. */
waldo_mp_shared_memory_manager *
waldo_mp_shared_memory_manager_unref(waldo_mp_shared_memory_manager *manager);
/** As waldo_mp_shared_memory_create. WALDO_EVALUE: it was shut down. */
WALDO_CHECK int waldo_mp_shared_memory_manager_memory(waldo_mp_shared_memory_manager *manager,
                                                      size_t size,
                                                      waldo_mp_shared_memory **ret_memory,
                                                      waldo_error *reterr);
/** TAKES items. As waldo_mp_shareable_list_create. */
WALDO_CHECK int waldo_mp_shared_memory_manager_list(waldo_mp_shared_memory_manager *manager,
                                                    waldo_value *items,
                                                    waldo_mp_shareable_list **ret_list,
                                                    waldo_error *reterr);
/** Unlinks what is not unlinked yet. Again: a no-op. */
void waldo_mp_shared_memory_manager_shutdown(waldo_mp_shared_memory_manager *manager);

WALDO_END_DECLS

#endif
