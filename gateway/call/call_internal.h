/* Shared inside call/: the call object, its segments, the runner, evidence. */
#ifndef GW_CALL_INTERNAL_H
#define GW_CALL_INTERNAL_H

#include "call/call.h"

enum gw_step { GW_STEP_NEXT, GW_STEP_WAIT, GW_STEP_REFUSE };

enum gw_call_step {
#define GW_CALL_STEP(name, text) GW_CALL_##name,
#include "call/call_steps.def"
#undef GW_CALL_STEP
    GW_CALL_STEP_COUNT
};

enum gw_segment_step {
#define GW_SEGMENT_STEP(name, where, text) GW_SEGMENT_##name,
#include "call/segment_steps.def"
#undef GW_SEGMENT_STEP
    GW_SEGMENT_STEP_COUNT
};

#define GW_CALL_MAGIC     0x6777636cu
#define GW_CALL_SEG_MAGIC 0x67777367u

/* A segment on its way through segment_steps.def. Owned by the loop, lent to the writer between
 * adapt and commit, and to the sequencer during audit. */
struct gw_call_segment {
    uint32_t magic;
    struct gw_call *call;
    struct gw_segment s;
    enum gw_segment_step step;
    bool last;             /* the caller's messages end with this one */
    bool closing;          /* the closing entry of a stream, or the one entry of a unary call */
    bool no_adapt;         /* refused or closing: no handler runs */
    bool in_tx;            /* went to the writer: its entry is in pending_entry */
    bool produce;          /* no message: the handler goes on where send() blocked it */
    int64_t started_us;    /* loop's clock */
    bool reserved, logged; /* room in the log taken; entry durable */
    bool sent;             /* its messages were handed to the transport */
    const struct gw_reason *verdict; /* no_adapt: how the call ends */
    enum gw_status failed;           /* why decode, adapt or the transaction failed; GW_OK else */
    struct gw_buf body;              /* the entry */
    struct gw_store_job job;
    struct gw_audit_append append;
    enum gw_status appended;
    struct gw_io_post post;
    /* What handlers see of the call on the writer's thread and on workers. */
    struct gw_adapter_call ad;
    /* GW_PLACE_WORKER: whose the segment is. */
    struct gw_io_job work;
    bool lent;             /* with a worker */
    enum gw_status worked; /* what its handlers ended with there */
    atomic_bool ran;       /* they were begun */
    atomic_bool abandoned; /* its call has ended meanwhile */
};

struct gw_call {
    uint32_t magic;
    struct gw_list node;
    struct gw_call_loop *loop;
    struct gw_call_generation *gen;
    struct gw_call_who *who;
    const struct gw_call_transport *transport;
    void *stream;
    bool gone;              /* the stream is closed: no more answers */
    struct gw_arena *arena; /* life of the call */
    struct gw_grpc_request request;
    int http_refusal; /* not gRPC: answer this HTTP status */
    struct gw_bytes purpose;
    bool purpose_known; /* a row of the purpose table: may stand in the log */
    const struct gw_route *route;
    const struct gw_peer *peer;
    const struct gw_grant *grant;
    struct gw_service_caller caller;
    struct gw_adapter_call ad;
    struct gw_grpc_reader reader;
    bool reader_ready;
    uint8_t exchange_id[16];
    char id_hex[33];
    int64_t received_us;
    struct gw_io_timer *deadline;
    bool opened;                     /* past the step table */
    bool counted;                    /* in the peer's calls in flight */
    bool half_closed;                /* the caller has ended */
    bool half_close_seen;            /* a segment with `last` has been started */
    bool head_sent, ended;           /* response headers, trailers */
    bool withheld;                   /* answered without its entry: commit_timeout */
    bool audited;                    /* is not exempt */
    const struct gw_reason *verdict; /* how it ends, when that is decided */
    struct gw_report report;         /* of the verdict */
    struct gw_param params[3];
    size_t param_count;
    struct gw_call_segment *open_segment; /* collecting */
    struct gw_call_segment *next_segment; /* begun by a message that must not join that one */
    struct gw_call_segment *busy;         /* on its way */
    struct gw_call_segment *lent;         /* abandoned, and still with a worker */
    struct gw_list waiting;               /* in the loop's list while it waits for a change */
    struct gw_io_timer *wait_timer;
    uint32_t segment_no; /* entries written so far in this stream */
    uint64_t last_seq;
    bool has_seq;
    uint64_t records, refused;
    size_t partial;         /* of the loop's partial_bytes: the unfinished message; 0 none */
    size_t held;            /* of who->held */
    struct gw_list stalled; /* in the loop's list while held */
    bool flush_first;       /* the verdict came after whole messages: those are still taken */
    const struct gw_reason *after_flush; /* that verdict, while they are on their way */
};

static inline bool gw_call_is_stream(const struct gw_call *c)
{
    return c->ad.target != NULL && c->ad.target->method->streaming != GW_STREAM_UNARY;
}
static inline bool gw_call_sends_stream(const struct gw_call *c)
{
    return c->ad.target != NULL && (c->ad.target->method->streaming & GW_STREAM_SERVER) != 0;
}
static inline bool gw_call_takes_stream(const struct gw_call *c)
{
    return c->ad.target != NULL && (c->ad.target->method->streaming & GW_STREAM_CLIENT) != 0;
}
static inline bool gw_call_works(const struct gw_call *c)
{
    return c->ad.target != NULL && c->ad.target->method->place == GW_PLACE_WORKER;
}
static inline bool gw_call_writes(const struct gw_call *c)
{
    return c->ad.target != NULL && c->ad.target->method->place == GW_PLACE_WRITER;
}

#define GW_CALL_STEP(name, text) enum gw_step gw_call_step_##name(struct gw_call *c);
#include "call/call_steps.def"
#undef GW_CALL_STEP
#define GW_SEGMENT_STEP(name, where, text)                                                         \
    enum gw_step gw_call_step_##name(struct gw_call *c, struct gw_call_segment *g);
#include "call/segment_steps.def"
#undef GW_SEGMENT_STEP

/* call.c */
void gw_call_refuse(struct gw_call *c, const char *reason, const char *param, const char *value);
/* The verdict becomes log-unavailable: what was found, and what its parameters say, has no entry
 * and does not leave. */
void gw_call_unlogged(struct gw_call *c);
void gw_call_advance(struct gw_call *c);
/* partial.c: the bytes of a message that is not whole are given back to the window, as far as the
 * loop's budget goes. */
void gw_call_partial_give(struct gw_call *c);
/* The message is whole and taken, or the call is over: others may go on. */
void gw_call_partial_done(struct gw_call *c);
/* The call takes nothing more: it does not wait any longer. */
void gw_call_partial_quit(struct gw_call *c);
/* wait.c: does it wait for a change? Puts it into the loop's list, or ends the waiting when there
 * is one. */
bool gw_call_waits(struct gw_call *c);
/* Out of the list. */
void gw_call_wait_end(struct gw_call *c);
/* worker.c: lends the segment to a worker. WAIT, or REFUSE when the queue is full. */
enum gw_step gw_call_worker_submit(struct gw_call *c, struct gw_call_segment *g);
/* Its deadline has come: a worker that still runs is at fault. */
void gw_call_overdue(struct gw_call *c);
/* The call has its verdict: what a worker has is not waited for. */
void gw_call_abandon(struct gw_call *c);
/* step_adapt.c: what becomes of a segment whose handlers ended so. */
enum gw_step gw_call_adapted(struct gw_call_segment *g, enum gw_status st);
/* segment.c */
struct gw_call_segment *gw_call_segment_new(struct gw_call *c);
void gw_call_segment_free(struct gw_call_segment *g);
/* Starts the segment at its first step. */
void gw_call_segment_start(struct gw_call *c, struct gw_call_segment *g);
/* The parameters and violations of the verdict; borrowed from the segment, which must stay. */
void gw_call_take_details(struct gw_call *c, const struct gw_segment *s);
/* Goes on behind a step that waited. */
void gw_call_segment_resume(struct gw_call_segment *g, enum gw_step result);
/* Runs the steps before `until`; inside the transaction or on the loop. */
enum gw_step gw_call_segment_run(struct gw_call *c, struct gw_call_segment *g,
                                 enum gw_segment_step until);
/* evidence.c: the entry's body into g->body. */
GW_MUST_USE enum gw_status gw_call_evidence(struct gw_call *c, struct gw_call_segment *g);
/* refusal.c: serialized google.rpc.Status with details for the verdict; empty for ok. */
void gw_call_status_details(struct gw_call *c, struct gw_arena *a, const struct gw_reason *verdict,
                            struct gw_bytes *ret_message, struct gw_bytes *ret_details);

#endif
