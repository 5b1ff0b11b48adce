/* Event loops, timers, sockets, posting between threads. One loop per core; a loop thread owns its
 * connections and their calls. No bytes are interpreted here. */
#ifndef GW_IO_IO_H
#define GW_IO_IO_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/list.h"

struct gw_io_loop;
struct gw_io_timer;
struct gw_io_listener;
struct gw_io_conn;

/* A message to a loop: embed it, keep it alive until `run` is called on the loop's thread. */
struct gw_io_post {
    void (*run)(struct gw_io_post *p);
    struct gw_io_post *next;
};

/* A loop belongs to the thread that calls gw_io_loop_run(). */
GW_MUST_USE enum gw_status gw_io_loop_new(const char *name, struct gw_io_loop **ret);
/* Runs until gw_io_loop_stop(); returns when all handles are closed. */
void gw_io_loop_run(struct gw_io_loop *l);
/* Any thread: asks the loop to close its handles and return. */
void gw_io_loop_stop(struct gw_io_loop *l);
void gw_io_loop_free(struct gw_io_loop *l);
/* Any thread. Order of posts from one thread is kept. One wake-up (uv_async_send) per batch: only when
 * the queue was empty. */
void gw_io_loop_post(struct gw_io_loop *l, struct gw_io_post *p);
/* Run at the end of every loop turn, before polling (uv_prepare) and after (uv_check): the read
 * transaction of a turn, one TLS write per turn. Registered before run; never removed. */
void gw_io_loop_on_turn_end(struct gw_io_loop *l, void (*fn)(void *arg), void *arg);
/* Cached monotonic time of this turn, microseconds. */
int64_t gw_io_loop_now_us(const struct gw_io_loop *l);
bool gw_io_loop_is_current(const struct gw_io_loop *l);

/* One-shot timer; re-arming replaces. Free only on the loop's thread. */
GW_MUST_USE enum gw_status gw_io_timer_new(struct gw_io_loop *l, void (*fn)(void *arg), void *arg,
                                           struct gw_io_timer **ret);
void gw_io_timer_arm(struct gw_io_timer *t, uint64_t delay_ms);
void gw_io_timer_cancel(struct gw_io_timer *t);
void gw_io_timer_free(struct gw_io_timer *t);

struct gw_io_conn_events {
    /* Bytes arrived (borrowed for the call); len 0 is end of stream. */
    void (*on_read)(void *arg, struct gw_bytes bytes);
    /* All that was written has gone to the kernel: there is room for more. */
    void (*on_drained)(void *arg);
    /* The connection is gone, for whatever reason (GW_CLOSED for an orderly one). Called exactly once, last;
     * the gw_io_conn is freed after it returns. */
    void (*on_closed)(void *arg, enum gw_status why);
};

/* SO_REUSEPORT listener on this loop; "127.0.0.1:8443", "[::1]:0". */
GW_MUST_USE enum gw_status gw_io_listen(struct gw_io_loop *l, const char *address, int backlog,
                                        void (*on_accept)(void *arg, struct gw_io_conn *c), void *arg,
                                        struct gw_io_listener **ret);
/* The bound port (for port 0). */
uint16_t gw_io_listener_port(const struct gw_io_listener *li);
/* Stops accepting; frees the listener. Loop's thread only. */
void gw_io_listener_close(struct gw_io_listener *li);
GW_MUST_USE enum gw_status gw_io_connect(struct gw_io_loop *l, const char *host, uint16_t port,
                                         void (*on_connect)(void *arg, enum gw_status st, struct gw_io_conn *c),
                                         void *arg);

/* Call from on_accept/on_connect before returning to the loop. */
void gw_io_conn_start(struct gw_io_conn *c, const struct gw_io_conn_events *ev, void *arg);
/* Stops and resumes reading: back-pressure. */
void gw_io_conn_pause(struct gw_io_conn *c);
void gw_io_conn_resume(struct gw_io_conn *c);
/* Tries at once (uv_try_write), queues the rest (copied). GW_CLOSED after close. */
GW_MUST_USE enum gw_status gw_io_conn_write(struct gw_io_conn *c, struct gw_bytes bytes);
/* Bytes queued and not yet taken by the kernel. */
size_t gw_io_conn_queued(const struct gw_io_conn *c);
/* Flushes what is queued, then closes; `now` drops it. on_closed follows. */
void gw_io_conn_close(struct gw_io_conn *c, bool now);
/* "127.0.0.1:51234"; borrowed for the life of the connection. */
const char *gw_io_conn_peer(const struct gw_io_conn *c);

#endif
