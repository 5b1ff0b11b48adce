/* Shared inside io/ only: the structs behind io.h. All of it belongs to the loop's thread, but for
 * the head of the post queue and the stop flag. */
#ifndef GW_IO_IO_INTERNAL_H
#define GW_IO_IO_INTERNAL_H

#include <stdatomic.h>
#include <sys/socket.h>
#include <uv.h>

#include "io/io.h"

enum {
    GW_IO_READ_BYTES = 64 * 1024,
    GW_IO_MAX_QUEUED = 64 * 1024 * 1024,
    GW_IO_MAX_TURN_HOOKS = 8,
    GW_IO_ADDRESS_TEXT = 64,
    /* A flush that makes no end, and the wait for the peer's end of stream after it. */
    GW_IO_FLUSH_MS = 30 * 1000,
    GW_IO_LINGER_MS = 2 * 1000,
    GW_IO_LINGER_TICK_MS = 250,
    GW_IO_CONNECT_MS = 10 * 1000,
    GW_IO_KEEPALIVE_S = 60
};

enum gw_io_magic {
    GW_IO_LOOP_MAGIC = 0x494f4c50,
    GW_IO_CONN_MAGIC = 0x494f434e,
    GW_IO_TIMER_MAGIC = 0x494f544d,
    GW_IO_LISTENER_MAGIC = 0x494f4c49,
    GW_IO_CONNECT_MAGIC = 0x494f4354
};

struct gw_io_turn_hook {
    void (*fn)(void *arg);
    void *arg;
};

struct gw_io_loop {
    uint32_t magic;
    char name[32];
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t turn_end;
    uv_timer_t linger_tick;
    struct gw_list lingering;           /* gw_io_conn.linger */
    _Atomic(struct gw_io_post *) posts; /* newest first */
    atomic_bool stop_wanted;
    bool stopping;
    bool now_known;
    int64_t now_us;
    struct gw_io_turn_hook hooks[GW_IO_MAX_TURN_HOOKS];
    unsigned hook_count;
    /* One read at a time is in flight between alloc and read callback, so one buffer serves all. */
    char read_buf[GW_IO_READ_BYTES];
};

struct gw_io_timer {
    uint32_t magic;
    uv_timer_t uv;
    void (*fn)(void *arg);
    void *arg;
    bool closed; /* uv has let go of it */
    bool freed;  /* the owner has let go of it */
};

struct gw_io_conn {
    uint32_t magic;
    struct gw_io_loop *loop;
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    const struct gw_io_conn_events *ev; /* NULL: not started */
    void *arg;
    struct gw_buf queue;  /* waits behind `flight` */
    struct gw_buf flight; /* given to uv_write */
    size_t flight_left;   /* 0: no write is in flight */
    enum gw_status why;
    struct gw_list linger;
    uint64_t linger_until_ms;
    bool paused;
    bool eof;
    bool closing; /* gw_io_conn_close() was called, or a failure closes */
    bool shut;    /* end of stream was sent */
    char peer[GW_IO_ADDRESS_TEXT];
};

struct gw_io_listener {
    uint32_t magic;
    struct gw_io_loop *loop;
    uv_tcp_t tcp;
    void (*on_accept)(void *arg, struct gw_io_conn *c);
    void *arg;
    uint16_t port;
    bool closed;
    bool freed;
};

/* What a uv handle belongs to, for the walk at stop: uv_handle_t.data of every handle of ours. */
void gw_io_timer_stop_handle(uv_handle_t *h);
void gw_io_conn_stop_handle(uv_handle_t *h);
void gw_io_listener_stop_handle(uv_handle_t *h);
void gw_io_connect_stop_handle(uv_handle_t *h);

/* New connection object with an initialised uv_tcp_t, or NULL. */
struct gw_io_conn *gw_io_conn_make(struct gw_io_loop *l);
/* After accept or connect: TCP_NODELAY, the peer's address. */
void gw_io_conn_adopt(struct gw_io_conn *c);
/* Closes without events (not started) or with on_closed(why). */
void gw_io_conn_drop(struct gw_io_conn *c, enum gw_status why);
/* Closes those whose wait is over; the loop's tick calls it while any linger. */
void gw_io_conn_linger_tick(struct gw_io_loop *l);
void gw_io_loop_linger_arm(struct gw_io_loop *l);

/* "1.2.3.4:5" or "[::1]:5"; GW_INVALID. */
GW_MUST_USE enum gw_status gw_io_address_parse(const char *text, struct sockaddr_storage *ret,
                                               socklen_t *ret_len);
void gw_io_address_format(const struct sockaddr *sa, char *ret, size_t ret_size);
uint16_t gw_io_address_port(const struct sockaddr *sa);

#endif
