/* One RPC: the step tables and the steps. Driven by conn/ with headers and bytes, answers through a
 * transport; all of it on the loop that owns the connection, but for the steps marked TX in
 * segment_steps.def. */
#ifndef GW_CALL_CALL_H
#define GW_CALL_CALL_H

#include <pthread.h>
#include <stdatomic.h>

#include "adapter/adapter.h"
#include "audit/audit.h"
#include "authz/authz.h"
#include "base/list.h"
#include "grpc/grpc.h"
#include "io/io.h"
#include "law/law.h"
#include "route/route.h"
#include "service/service.h"
#include "store/store.h"

/* What a call needs of a configuration generation; immutable and counted. */
struct gw_call_generation {
    atomic_int refs;
    const struct gw_peer_set *peers;
    const struct gw_route_table *routes;
    const struct gw_law *law;
    struct gw_service_views views;
    const char *policy; /* "law@<edition>" */
    struct gw_hash policy_hash;
    const char *mapping; /* "generation@<first 8 hex>" */
    struct gw_hash mapping_hash;
    /* What the adapters prepared for it, by gw_adapter_target.index; NULL: nothing. */
    void *const *adapter_states;
    /* The grant's field set, compiled; NULL: all. */
    const struct gw_format_fields *(*fields)(const struct gw_call_generation *g,
                                             const struct gw_grant *grant);
    void (*free)(struct gw_call_generation *g);
    void *owner;
};
struct gw_call_generation *gw_call_generation_ref(struct gw_call_generation *g);
void gw_call_generation_unref(struct gw_call_generation *g);

struct gw_call_limits {
    uint32_t max_message_bytes;   /* default of a method that names none */
    uint32_t segment_messages;    /* 1000 */
    uint32_t segment_in_bytes;    /* 1 MiB */
    uint32_t segment_out_bytes;   /* 64 KiB */
    uint64_t call_memory;         /* budget of a segment's arena */
    uint64_t partial_bytes;       /* of unfinished messages beyond the window, per loop: 256 MiB */
    uint32_t max_calls;           /* in flight per loop */
    uint64_t default_deadline_ms; /* for calls without grpc-timeout; 0 none */
    uint64_t adapter_loop_budget_ms, adapter_worker_budget_ms; /* gw_adapter_budgets() */
    uint32_t adapter_workers;                                  /* threads of the pool */
};
extern const struct gw_call_limits gw_call_limits_default;

struct gw_call_counters {
    atomic_ulong calls, refused, exempt, overload;
    /* By gw_peer.index, as far as there is room. */
    struct {
        atomic_ulong calls, refused;
        atomic_uint open; /* calls of the peer in flight, of all loops */
        atomic_long last_us, certificate_ends_us;
    } peer[256];
};

/* Tells a loop that more is visible in the store, while streams of it wait for that. Lives until
 * the store is closed. */
struct gw_call_news {
    pthread_mutex_t lock; /* of `loop` against posts */
    struct gw_call_loop *loop;
    struct gw_io_post post;
    atomic_bool posted;
    atomic_uint waiters;
};
GW_MUST_USE enum gw_status gw_call_news_init(struct gw_call_news *n, struct gw_store *s);
/* Before the loop runs; with NULL, before it is freed. */
void gw_call_news_join(struct gw_call_news *n, struct gw_call_loop *l);

/* The threads of GW_PLACE_WORKER, shared by all loops. */
struct gw_call_workers;
GW_MUST_USE enum gw_status gw_call_workers_new(struct gw_store *s, unsigned threads,
                                               struct gw_call_workers **ret);
/* Waits for those that run. After the loops are through, before the store is closed. */
void gw_call_workers_free(struct gw_call_workers *w);

/* One per loop thread. */
struct gw_call_loop {
    struct gw_io_loop *io;
    struct gw_store *store;
    struct gw_store_reader *reader;
    struct gw_audit *audit;
    struct gw_call_generation *generation; /* new calls use this one */
    const struct gw_call_limits *limits;
    struct gw_call_counters *counters; /* shared by all loops */
    struct gw_list calls;              /* all calls of this loop */
    uint32_t call_count;
    uint64_t partial_bytes;    /* of messages that are let in beyond their window (partial.c) */
    struct gw_list stalled;    /* calls whose message waits for that */
    struct gw_list waiting;    /* streams that wait for a change */
    struct gw_call_news *news; /* NULL: nobody tells it */
    struct gw_call_workers *workers; /* NULL: there are none */
    struct gw_arena *spare_arena[32];
    uint32_t spare_arenas;
    bool draining;
};

/* How a call answers; implemented by conn/. After closed() nothing is called on it. */
struct gw_call_transport {
    void (*headers)(void *stream, const struct gw_http2_header *h, size_t count, bool end);
    void (*data)(void *stream, struct gw_bytes bytes);
    void (*end)(void *stream, const struct gw_http2_header *trailers, size_t count);
    /* Where there is no memory for an answer, or for its entry. */
    void (*reset)(void *stream);
    void (*consumed)(void *stream, size_t len);
    size_t (*window)(void *stream);
    size_t (*queued)(void *stream);
};

/* Who is at the other end: made once per connection, shared by its calls, which may outlive it.
 * Counted on the loop's thread only. */
struct gw_call_who {
    uint32_t refs;
    size_t held; /* bytes of unfinished messages that the connection's window does not get back */
    size_t held_max; /* set by conn/: a part of that window, so that others' messages pass */
    struct gw_tls_identity identity; /* its strings are copies behind this struct */
    const char *address;
};
/* Once, before the first call. */
static inline void gw_call_loop_init(struct gw_call_loop *l)
{
    gw_list_init(&l->calls);
    gw_list_init(&l->stalled);
    gw_list_init(&l->waiting);
}
/* NULL without memory. */
struct gw_call_who *gw_call_who_new(const struct gw_tls_identity *id, const char *address);
void gw_call_who_unref(struct gw_call_who *w);

/* Calls that have waited longer than that for their entry are answered `log-unavailable` now; when
 * the entry becomes durable after all, the log gets an ALARM answer.withheld (SPEC.md 8.3.5).
 * Called by a timer of the loop. */
void gw_call_sweep(struct gw_call_loop *l, uint64_t commit_timeout_ms);
/* No new calls from here on, and those that wait for nothing but news (a health watch) end now,
 * with `draining`. */
void gw_call_drain(struct gw_call_loop *l);
/* Another generation is in force: streams from us that wait or are blocked end, with
 * `configuration-changed`; others of them when they go on. */
void gw_call_reauthorise(struct gw_call_loop *l);
/* All calls that are left have ended and wait for a worker to come back. */
bool gw_call_only_lent(const struct gw_call_loop *l);

/* The body of the entry of work that nobody asked for (SPEC.md 21.12): what its segment notes. */
GW_MUST_USE enum gw_status gw_call_evidence_own(struct gw_audit *log,
                                                const struct gw_call_generation *gen,
                                                const struct gw_segment *s, const char *method,
                                                const uint8_t exchange_id[16],
                                                struct gw_buf *ret_body);

struct gw_call;
/* Begins a call from its request headers. NULL only when there is no memory for a refusal: reset
 * the stream then. */
struct gw_call *gw_call_new(struct gw_call_loop *l, struct gw_call_who *who,
                            const struct gw_call_transport *t, void *stream,
                            const struct gw_http2_header *h, size_t count);
/* Body bytes; the call gives them back to the window through consumed(). */
void gw_call_data(struct gw_call *c, struct gw_bytes bytes);
/* The end of what was read in this turn: an open segment may close now (SPEC.md 21.2). */
void gw_call_drained(struct gw_call *c);
/* The caller has ended its direction. */
void gw_call_end(struct gw_call *c);
/* What was queued has been framed. */
void gw_call_writable(struct gw_call *c);
/* The stream is gone: the call writes its last entry and frees itself. */
void gw_call_closed(struct gw_call *c);

#endif
