/* Fresh images of this program: how they are started, and what they are told. */
#ifndef WALDO_RUNTIME_PROCESS_IMAGE_H
#define WALDO_RUNTIME_PROCESS_IMAGE_H

#include "process/parcel.h"
#include "process/process.h"

/* What a child is told, as a message. */
typedef struct waldo__orders {
    uint8_t *data; /* free() it */
    size_t size;
    waldo__descriptors descriptors; /* of handles in what was packed */
    waldo_value *value;             /* which must live until the message is sent; unref it */
} waldo__orders;

/* WALDO_ERUNTIME: main has no waldo_mp_freeze_support; WALDO_EATTRIBUTE, and as waldo_value_pack.
 */
int waldo__orders_of(const waldo_mp_process *process, waldo__orders *ret_orders,
                     waldo_error *reterr);
void waldo__orders_free(waldo__orders *orders);
/* Carries out such a message in the child; TAKES the descriptors. The exit code. */
int waldo__carry_out(const uint8_t *data, size_t size, waldo__descriptors *descriptors);

/* What a fresh image is for. */
#define WALDO__IMAGE_CHILD "--waldo-mp-child"
#define WALDO__IMAGE_FORKSERVER "--waldo-mp-forkserver"

/* Starts an image for that purpose: its descriptor 3 is the other end of *ret_socket, and it has no
 * others but the standard ones. WALDO_ERUNTIME: as above. */
int waldo__start_image(const char *purpose, pid_t *ret_pid, int *ret_socket, waldo_error *reterr);

/* A forkserver's answer to a request; the child's pidfd comes with it. */
typedef struct waldo__answer {
    pid_t pid;
    int error; /* an errno value; 0: forked */
} waldo__answer;

/* The forkserver's main function: the exit code. */
int waldo__serve_forks(int socket);

#endif
