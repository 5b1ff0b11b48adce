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

/* A loop belongs to the thread that calls gw_io_loop_run(). The first one makes the process ignore
 * SIGPIPE. */
GW_MUST_USE enum gw_status gw_io_loop_new(const char *name, struct gw_io_loop **ret);
/* Runs until gw_io_loop_stop(); returns when all handles are closed. Posts that are queued by then
 * have run; later ones are never run: stop those who post first. */
void gw_io_loop_run(struct gw_io_loop *l);
/* Any thread: asks the loop to close its handles and return. Connections end at once with
 * GW_CANCELLED. */
void gw_io_loop_stop(struct gw_io_loop *l);
/* After run has returned (or was never called). Timers are freed by their owners, before or after.
 */
void gw_io_loop_free(struct gw_io_loop *l);
GW_DEFINE_FREEP(struct gw_io_loop, gw_io_loop_free)
/* Any thread. Order of posts from one thread is kept. One wake-up (uv_async_send) per batch: only
 * when the queue was empty. */
void gw_io_loop_post(struct gw_io_loop *l, struct gw_io_post *p);
/* Run at the end of every loop turn: after all its I/O, posts and timers, before polling
 * (uv_prepare). For the end of a read transaction, one TLS write per turn. In the order of
 * registration; before run; never removed. */
void gw_io_loop_on_turn_end(struct gw_io_loop *l, void (*fn)(void *arg), void *arg);
/* Monotonic time of this turn, microseconds: read once per turn, at the first question. Loop's
 * thread only. */
int64_t gw_io_loop_now_us(const struct gw_io_loop *l);
/* True on the thread that is inside gw_io_loop_run(). */
bool gw_io_loop_is_current(const struct gw_io_loop *l);

/* One-shot timer; re-arming replaces. Loop's thread only, or when it does not run. The callback may
 * arm or free its own timer. GW_PRECONDITION when the loop is stopping. */
GW_MUST_USE enum gw_status gw_io_timer_new(struct gw_io_loop *l, void (*fn)(void *arg), void *arg,
                                           struct gw_io_timer **ret);
void gw_io_timer_arm(struct gw_io_timer *t, uint64_t delay_ms);
void gw_io_timer_cancel(struct gw_io_timer *t);
void gw_io_timer_free(struct gw_io_timer *t);

struct gw_io_conn_events {
    /* Bytes arrived (borrowed for the call); len 0 is end of stream, once. */
    void (*on_read)(void *arg, struct gw_bytes bytes);
    /* A write had to queue, and now all has gone to the kernel: there is room for more. */
    void (*on_drained)(void *arg);
    /* The connection is gone: GW_CLOSED after gw_io_conn_close(), GW_IO (reset, failed write),
     * GW_CANCELLED (loop stopped). Never from inside another gw_io call. Called exactly once, last;
     * the gw_io_conn is freed after it returns. */
    void (*on_closed)(void *arg, enum gw_status why);
};

/* Does nobody listen there? Before the first gw_io_listen(), since SO_REUSEPORT lets a second
 * process of the same user share the port and take half of the connections. Port 0 is always free.
 * GW_EXISTS: another process listens; GW_INVALID, GW_IO. */
GW_MUST_USE enum gw_status gw_io_listen_probe(const char *address);
/* SO_REUSEPORT listener on this loop; "127.0.0.1:8443", "[::1]:0". GW_INVALID: not such an address;
 * GW_EXISTS: in use by somebody else; GW_IO. */
GW_MUST_USE enum gw_status gw_io_listen(struct gw_io_loop *l, const char *address, int backlog,
                                        void (*on_accept)(void *arg, struct gw_io_conn *c),
                                        void *arg, struct gw_io_listener **ret);
/* The bound port (for port 0). */
uint16_t gw_io_listener_port(const struct gw_io_listener *li);
/* Stops accepting; frees the listener. Loop's thread only. */
void gw_io_listener_close(struct gw_io_listener *li);
/* Numeric address or name (resolved off the loop); tries all addresses, 10 s in all. on_connect
 * comes once, never from inside this call: GW_OK and a connection, or GW_UNAVAILABLE, GW_TIMEOUT,
 * GW_CANCELLED, GW_NOT_FOUND (no such name) and NULL. */
GW_MUST_USE enum gw_status
gw_io_connect(struct gw_io_loop *l, const char *host, uint16_t port,
              void (*on_connect)(void *arg, enum gw_status st, struct gw_io_conn *c), void *arg);

/* Call from on_accept/on_connect before returning to the loop; a connection that was not started is
 * closed and freed silently. */
void gw_io_conn_start(struct gw_io_conn *c, const struct gw_io_conn_events *ev, void *arg);
/* Stops and resumes reading: back-pressure. */
void gw_io_conn_pause(struct gw_io_conn *c);
void gw_io_conn_resume(struct gw_io_conn *c);
/* Tries at once (uv_try_write), queues the rest (copied). GW_CLOSED after close or a failed write
 * (on_closed follows); GW_NOMEM, GW_TOO_LARGE (more than 64 MiB queued: ask gw_io_conn_queued()
 * before): nothing was taken. */
GW_MUST_USE enum gw_status gw_io_conn_write(struct gw_io_conn *c, struct gw_bytes bytes);
/* Bytes queued and not yet taken by the kernel. */
size_t gw_io_conn_queued(const struct gw_io_conn *c);
/* Flushes what is queued, says end of stream, discards what still arrives for up to 2 s (so that a
 * last alert is not lost to a reset), then closes; `now` drops all. No event but on_closed follows.
 */
void gw_io_conn_close(struct gw_io_conn *c, bool now);
/* "127.0.0.1:51234"; borrowed for the life of the connection. */
const char *gw_io_conn_peer(const struct gw_io_conn *c);

/* Worker threads for what may block: slow plugin calls, file work. A job owns its data and answers
 * with gw_io_loop_post(). */
struct gw_io_pool;
struct gw_io_job {
    void (*run)(struct gw_io_job *j);
    struct gw_io_job *next;
};
GW_MUST_USE enum gw_status gw_io_pool_new(const char *name, unsigned threads, unsigned max_queued,
                                          struct gw_io_pool **ret);
/* Any thread; jobs start in order. GW_BUSY: max_queued are waiting. GW_CLOSED: being freed. */
GW_MUST_USE enum gw_status gw_io_pool_submit(struct gw_io_pool *p, struct gw_io_job *j);
/* Runs what is queued, joins the threads. */
void gw_io_pool_free(struct gw_io_pool *p);
GW_DEFINE_FREEP(struct gw_io_pool, gw_io_pool_free)

#endif
