/* Running handlers: receive (unpack, prepare), open, message and half_close, writable, close. */
#include <string.h>

#include "adapter/adapter_internal.h"
#include "canon/canon.h"

void gw_segment_init(struct gw_segment *s, struct gw_arena *arena, int64_t now_us)
{
    memset(s, 0, sizeof(*s));
    s->arena = arena;
    s->tail = &s->first;
    s->now_us = now_us;
    gw_buf_init(&s->out, 64u << 20);
    gw_report_init(&s->report, arena);
    gw_report_init(&s->found, arena);
    s->lines_tail = &s->lines;
}

void gw_segment_fini(struct gw_segment *s)
{
    gw_buf_fini(&s->out);
}

static enum gw_status unpack(struct gw_adapter_call *c, struct gw_segment *s,
                             struct gw_segment_message *m)
{
    /* protobuf-c checks neither UTF-8 nor nesting. */
    enum gw_status st = gw_canon_message_check(c->target->input, m->wire, NULL);
    if (st != GW_OK)
        return st == GW_CORRUPT ? st : GW_INVALID;
    ProtobufCAllocator alloc;
    gw_canon_allocator(s->arena, &alloc);
    m->message = protobuf_c_message_unpack(c->target->input, &alloc, m->wire.len, m->wire.ptr);
    if (m->message == NULL)
        return gw_arena_failed(s->arena) ? GW_NOMEM : GW_INVALID;
    if (c->target->method->place == GW_PLACE_WRITER && c->target->method->prepare != NULL) {
        /* A view of its own: message() of an earlier segment may run on the writer's thread now. */
        struct gw_adapter_call view = {.magic = GW_ADAPTER_CALL_MAGIC,
                                       .target = c->target,
                                       .segment = s,
                                       .peer = c->peer,
                                       .owner = c->owner,
                                       .powers = c->powers,
                                       .store = c->store,
                                       .reader = c->reader,
                                       .generation = c->generation,
                                       .lend = c->lend};
        struct gw_adapter_timing t = gw_adapter_enter(c->target, false);
        s->over_limit = false;
        int32_t rc = c->target->method->prepare(c->target->adapter, &view, m->message, &m->item);
        if (!gw_adapter_leave(&t))
            gw_adapter_failed(c->target, "prepare() took longer than its budget");
        bool over = s->over_limit;
        s->over_limit = false;
        if (rc != 0 && (over || gw_arena_failed(s->arena)))
            return over ? GW_TOO_LARGE : GW_NOMEM;
        if (rc != 0) {
            gw_adapter_failed(c->target, "prepare() failed");
            return GW_INTERNAL;
        }
    }
    return gw_arena_failed(s->arena) ? GW_NOMEM : GW_OK;
}

enum gw_status gw_adapter_receive(struct gw_adapter_call *c, struct gw_segment *s,
                                  struct gw_bytes wire)
{
    struct gw_segment_message *m = gw_arena_new_of(s->arena, struct gw_segment_message);
    if (m == NULL)
        return GW_NOMEM;
    m->wire = gw_arena_dup(s->arena, wire);
    if (gw_arena_failed(s->arena))
        return GW_NOMEM;
    bool had_batch = s->has_batch;
    uint8_t batch[16];
    memcpy(batch, s->batch, sizeof(batch));
    struct gw_segment_message **at = s->tail;
    *at = m;
    s->tail = &m->next;
    s->messages++;
    s->in_bytes += wire.len;
    enum gw_status st = unpack(c, s, m);
    if (st == GW_OK && had_batch && s->many_batches)
        st = GW_CONFLICT;
    /* Messages before it in the segment are still handled: it is none of them. */
    if (st != GW_OK && (c->target->method->streaming & GW_STREAM_CLIENT) != 0) {
        *at = NULL;
        s->tail = at;
        s->messages--;
        s->in_bytes -= wire.len;
        s->has_batch = had_batch;
        s->many_batches = false;
        memcpy(s->batch, batch, sizeof(batch));
    }
    return st;
}

/* Why a handler failed that ran into a limit of the host: that depends on what it was asked, and
 * says nothing about the adapter. NULL: it was no limit. */
static const char *limit_met(const struct gw_adapter_call *c, const struct gw_segment *s)
{
    if (c->target->method == NULL) /* tick() was asked by nobody */
        return NULL;
    return s->over_limit               ? "query-too-large"
           : gw_arena_failed(s->arena) ? "message-too-large"
                                       : NULL;
}

/* The result of a handler: its own failure ends the call, an overdrawn arena too. What it did wrong
 * beside that is counted, and the call goes on with what was right. */
static enum gw_status settled(struct gw_adapter_call *c, struct gw_segment *s,
                              const struct gw_adapter_timing *timing, int32_t rc)
{
    bool in_time = gw_adapter_leave(timing);
    enum gw_status st = gw_arena_failed(s->arena) ? GW_NOMEM : GW_OK;
    const char *why = s->fault;
    const char *limit = rc != 0 ? limit_met(c, s) : NULL;
    s->fault = NULL;
    s->over_limit = false;
    if (limit != NULL) {
        s->finished = false; /* whatever it has said itself */
        gw_adapter_fail(c, limit);
        st = GW_TOO_LARGE;
    } else if (rc != 0 || gw_buf_failed(&s->out) != GW_OK) {
        gw_adapter_fail(c, "internal");
        st = GW_INTERNAL;
        why = "a handler failed";
    } else if (why == NULL && !in_time) {
        why = "a handler took longer than its budget";
    }
    if (why != NULL) {
        s->faulty = true;
        gw_adapter_failed(c->target, why);
    }
    return st;
}

/* Handlers have run over a segment and were content. */
static void went_well(const struct gw_adapter_call *c, const struct gw_segment *s)
{
    if (!s->faulty && (c->abandoned == NULL || !atomic_load(c->abandoned)))
        gw_adapter_succeeded(c->target);
}

enum gw_status gw_adapter_open(struct gw_adapter_call *c, struct gw_segment *s)
{
    if (c->opened)
        return GW_OK;
    c->opened = true;
    c->segment = s;
    const struct gw_adapter_method *m = c->target->method;
    if (m->open == NULL)
        return GW_OK;
    struct gw_adapter_timing t = gw_adapter_enter(c->target, false);
    return settled(c, s, &t, m->open(c->target->adapter, c, &c->state));
}

enum gw_status gw_adapter_run(struct gw_adapter_call *c, struct gw_segment *s, bool last)
{
    const struct gw_adapter_method *m = c->target->method;
    c->segment = s;
    bool in_tx = s->tx != NULL;
    for (struct gw_segment_message *it = s->first; it != NULL && !s->finished; it = it->next) {
        struct gw_adapter_timing t = gw_adapter_enter(c->target, in_tx);
        GW_TRY(
            settled(c, s, &t, m->message(c->target->adapter, c, c->state, it->message, it->item)));
    }
    if (last && !s->finished && m->half_close != NULL) {
        struct gw_adapter_timing t = gw_adapter_enter(c->target, in_tx);
        GW_TRY(settled(c, s, &t, m->half_close(c->target->adapter, c, c->state)));
    }
    /* Nothing brings its handlers back. */
    if (last && !s->finished && m->streaming == GW_STREAM_UNARY) {
        gw_adapter_failed(c->target, "it has not answered");
        return GW_INTERNAL;
    }
    went_well(c, s);
    return GW_OK;
}

enum gw_status gw_adapter_writable(struct gw_adapter_call *c, struct gw_segment *s)
{
    const struct gw_adapter_method *m = c->target->method;
    c->segment = s;
    c->blocked = false;
    c->waiting = false;
    if (m->writable == NULL)
        return GW_OK;
    struct gw_adapter_timing t = gw_adapter_enter(c->target, false);
    GW_TRY(settled(c, s, &t, m->writable(c->target->adapter, c, c->state)));
    went_well(c, s);
    return GW_OK;
}

void gw_adapter_close(struct gw_adapter_call *c, bool cancelled)
{
    const struct gw_adapter_method *m = c->target->method;
    if (!c->opened)
        return;
    struct gw_adapter_timing t = gw_adapter_enter(c->target, false);
    if (cancelled && m->cancel != NULL)
        m->cancel(c->target->adapter, c, c->state);
    if (m->close != NULL)
        m->close(c->target->adapter, c, c->state);
    if (!gw_adapter_leave(&t))
        gw_adapter_failed(c->target, "close() took longer than its budget");
    c->state = NULL;
    c->opened = false;
}

enum gw_status gw_adapter_tick(struct gw_adapter_call *c, struct gw_segment *s)
{
    c->segment = s;
    struct gw_adapter_timing t = gw_adapter_enter(c->target, true);
    return settled(c, s, &t, c->target->published->tick(c->target->adapter, c));
}

enum gw_status gw_adapter_status(struct gw_adapter_call *c, struct gw_segment *s)
{
    c->segment = s;
    struct gw_adapter_timing t = gw_adapter_enter(c->target, false);
    int32_t rc = c->target->published->status(c->target->adapter, c);
    (void)gw_adapter_leave(&t);
    return gw_arena_failed(s->arena) ? GW_NOMEM : rc != 0 ? GW_INTERNAL : GW_OK;
}
