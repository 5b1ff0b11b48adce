/* The blocking face: a loop on a thread of its own; each stream is a call with two byte queues
 * under a lock. The program's side posts, the loop's side moves bytes and signals. */
#include "upstream/upstream_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { OUT_HIGH = 1024 * 1024, IN_HIGH = 4 * 1024 * 1024, QUEUE_MAX = 256 * 1024 * 1024 };

struct gw_upstream_client {
    struct gw_io_loop *loop;
    struct gw_upstream *up;
    pthread_t thread;
    struct gw_io_post post; /* frees `up` on the loop's thread */
    uint32_t max_message_bytes;
};

struct gw_upstream_stream {
    struct gw_upstream_client *client;
    struct gw_upstream_call *call; /* loop's thread only */
    const char *path;              /* until it was opened */
    uint64_t timeout_ms;
    const struct gw_grpc_metadata *metadata;
    size_t metadata_count;
    struct gw_io_post post;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock: */
    struct gw_buf out; /* u32be length, message; repeated */
    struct gw_buf in;
    size_t in_off;
    size_t framing; /* bytes with the call, not yet framed */
    bool posted, opened, half_close, half_closed, closing, closed, done, paused;
    struct gw_upstream_result result;
    struct gw_arena *arena; /* of the result */
};

static void *run_loop(void *arg)
{
    struct gw_upstream_client *c = arg;
    gw_io_loop_run(c->loop);
    return NULL;
}

static void run_stop(struct gw_io_post *p)
{
    struct gw_upstream_client *c = GW_CONTAINER_OF(p, struct gw_upstream_client, post);
    gw_upstream_free(gw_steal(&c->up));
    gw_io_loop_stop(c->loop);
}

enum gw_status gw_upstream_client_new(const struct gw_upstream_settings *s,
                                      struct gw_upstream_client **ret)
{
    struct gw_upstream_client *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return GW_NOMEM;
    c->post.run = run_stop;
    c->max_message_bytes = s->max_message_bytes;
    enum gw_status st = gw_io_loop_new("upstream", &c->loop);
    if (st == GW_OK)
        st = gw_upstream_new(c->loop, s, &c->up);
    if (st == GW_OK && pthread_create(&c->thread, NULL, run_loop, c) != 0)
        st = GW_NOMEM;
    if (st != GW_OK) {
        gw_upstream_free(c->up);
        gw_io_loop_free(c->loop);
        free(c);
        return st;
    }
    *ret = c;
    return GW_OK;
}

void gw_upstream_client_free(struct gw_upstream_client *c)
{
    if (c == NULL)
        return;
    gw_io_loop_post(c->loop, &c->post);
    pthread_join(c->thread, NULL);
    gw_io_loop_free(c->loop);
    free(c);
}

/* ---- on the loop's thread ----------------------------------------------------------------------
 */

static void set_done(struct gw_upstream_stream *s, const struct gw_upstream_result *r)
{
    pthread_mutex_lock(&s->lock);
    s->call = NULL;
    s->done = true;
    s->result = (struct gw_upstream_result){
        .code = r->code, .remote = r->remote, .handshake = r->handshake};
    s->result.message = gw_arena_dup(s->arena, r->message);
    s->result.details = gw_arena_dup(s->arena, r->details);
    struct gw_grpc_metadata *m = gw_arena_calloc(s->arena, r->metadata_count, sizeof(*m));
    for (size_t i = 0; m != NULL && i < r->metadata_count; i++) {
        m[i].name = gw_arena_dup(s->arena, r->metadata[i].name);
        m[i].value = gw_arena_dup(s->arena, r->metadata[i].value);
    }
    if (gw_arena_failed(s->arena)) {
        s->result.message = s->result.details = GW_BYTES_NONE;
    } else {
        s->result.metadata = m;
        s->result.metadata_count = r->metadata_count;
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void on_done(void *arg, const struct gw_upstream_result *r)
{
    set_done(arg, r);
}

static void on_message(void *arg, struct gw_bytes message)
{
    struct gw_upstream_stream *s = arg;
    pthread_mutex_lock(&s->lock);
    gw_buf_u32be(&s->in, (uint32_t)message.len);
    gw_buf_bytes(&s->in, message);
    if (s->in.len - s->in_off > IN_HIGH) {
        s->paused = true;
        gw_upstream_call_pause(s->call);
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void on_writable(void *arg)
{
    struct gw_upstream_stream *s = arg;
    pthread_mutex_lock(&s->lock);
    s->framing = gw_upstream_call_queued(s->call);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static const struct gw_upstream_events events = {on_message, on_writable, on_done};

static void call_open(struct gw_upstream_stream *s)
{
    s->opened = true;
    enum gw_status st = gw_upstream_call_start(s->client->up, s->path, s->timeout_ms, s->metadata,
                                               s->metadata_count, &events, s, &s->call);
    if (st == GW_OK)
        return;
    set_done(s, &(struct gw_upstream_result){.code = gw_status_grpc(st),
                                             .message = gw_bytes_str(gw_status_text(st))});
}

/* Moves what the program has queued into the call. */
static void call_feed(struct gw_upstream_stream *s)
{
    struct gw_buf out;
    pthread_mutex_lock(&s->lock);
    out = s->out;
    gw_buf_init(&s->out, QUEUE_MAX);
    bool resume = s->paused && s->in.len - s->in_off <= IN_HIGH / 2;
    if (resume)
        s->paused = false;
    bool half_close = s->half_close && !s->half_closed;
    pthread_mutex_unlock(&s->lock);

    enum gw_status st = GW_OK;
    for (size_t off = 0; off < out.len && s->call != NULL && st == GW_OK;) {
        const uint8_t *p = out.ptr + off;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        st = gw_upstream_call_send(s->call, gw_bytes_make(p + 4, len));
        off += 4 + len;
    }
    gw_buf_fini(&out);
    if (half_close && s->call != NULL && st == GW_OK) {
        s->half_closed = true;
        st = gw_upstream_call_half_close(s->call);
    }
    pthread_mutex_lock(&s->lock);
    s->framing = s->call != NULL ? gw_upstream_call_queued(s->call) : 0;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    /* A failed send is followed by on_done, but for want of memory. */
    if (st != GW_OK && st != GW_CLOSED && s->call != NULL) {
        gw_upstream_call_cancel(s->call);
        set_done(s, &(struct gw_upstream_result){.code = gw_status_grpc(st),
                                                 .message = gw_bytes_str(gw_status_text(st))});
    }
    if (resume && s->call != NULL)
        gw_upstream_call_resume(s->call);
}

static void run_post(struct gw_io_post *p)
{
    struct gw_upstream_stream *s = GW_CONTAINER_OF(p, struct gw_upstream_stream, post);
    pthread_mutex_lock(&s->lock);
    s->posted = false;
    bool closing = s->closing;
    pthread_mutex_unlock(&s->lock);
    if (closing) {
        if (s->call != NULL)
            gw_upstream_call_cancel(gw_steal(&s->call));
        pthread_mutex_lock(&s->lock);
        s->closed = true;
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
        return; /* the program frees it now */
    }
    if (!s->opened)
        call_open(s);
    if (s->call != NULL)
        call_feed(s);
}

/* ---- on the program's thread -------------------------------------------------------------------
 */

static void post_locked(struct gw_upstream_stream *s)
{
    if (s->posted)
        return;
    s->posted = true;
    gw_io_loop_post(s->client->loop, &s->post);
}

enum gw_status gw_upstream_stream_open(struct gw_upstream_client *c, const char *path,
                                       uint64_t timeout_ms, const struct gw_grpc_metadata *metadata,
                                       size_t count, struct gw_upstream_stream **ret)
{
    struct gw_upstream_stream *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return GW_NOMEM;
    s->client = c;
    s->arena = gw_arena_new("upstream stream", 1024 * 1024);
    if (s->arena == NULL) {
        free(s);
        return GW_NOMEM;
    }
    s->path = gw_arena_strdup(s->arena, path);
    struct gw_grpc_metadata *m = gw_arena_calloc(s->arena, count, sizeof(*m));
    for (size_t i = 0; m != NULL && i < count; i++) {
        m[i].name = gw_arena_dup(s->arena, metadata[i].name);
        m[i].value = gw_arena_dup(s->arena, metadata[i].value);
    }
    if (gw_arena_failed(s->arena)) {
        gw_arena_free(s->arena);
        free(s);
        return GW_NOMEM;
    }
    s->metadata = m;
    s->metadata_count = count;
    s->timeout_ms = timeout_ms;
    s->post.run = run_post;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
    gw_buf_init(&s->out, QUEUE_MAX);
    gw_buf_init(&s->in, QUEUE_MAX);
    pthread_mutex_lock(&s->lock);
    post_locked(s);
    pthread_mutex_unlock(&s->lock);
    *ret = s;
    return GW_OK;
}

enum gw_status gw_upstream_stream_send(struct gw_upstream_stream *s, struct gw_bytes message)
{
    pthread_mutex_lock(&s->lock);
    while (!s->done && s->out.len + s->framing > OUT_HIGH)
        pthread_cond_wait(&s->changed, &s->lock);
    enum gw_status st = s->done ? GW_CLOSED : GW_OK;
    if (st == GW_OK) {
        gw_buf_u32be(&s->out, (uint32_t)message.len);
        gw_buf_bytes(&s->out, message);
        st = gw_buf_failed(&s->out);
        post_locked(s);
    }
    pthread_mutex_unlock(&s->lock);
    return st;
}

void gw_upstream_stream_half_close(struct gw_upstream_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->half_close = true;
    post_locked(s);
    pthread_mutex_unlock(&s->lock);
}

/* False when the time is over. */
static bool wait_changed(struct gw_upstream_stream *s, const struct timespec *until)
{
    if (until == NULL)
        return pthread_cond_wait(&s->changed, &s->lock) == 0;
    return pthread_cond_timedwait(&s->changed, &s->lock, until) != ETIMEDOUT;
}

static void deadline_in(int wait_ms, struct timespec *ret)
{
    clock_gettime(CLOCK_MONOTONIC, ret);
    ret->tv_sec += wait_ms / 1000;
    ret->tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (ret->tv_nsec >= 1000000000) {
        ret->tv_sec++;
        ret->tv_nsec -= 1000000000;
    }
}

/* The oldest message is at in_off; the rest is moved down only now and then. */
static void take_message(struct gw_upstream_stream *s, struct gw_buf *ret)
{
    const uint8_t *p = s->in.ptr + s->in_off;
    size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    gw_buf_append(ret, p + 4, len);
    s->in_off += 4 + len;
    if (s->in_off == s->in.len) {
        gw_buf_reset(&s->in);
        s->in_off = 0;
    } else if (s->in_off > IN_HIGH) {
        gw_buf_consume(&s->in, s->in_off);
        s->in_off = 0;
    }
    if (s->paused && s->in.len - s->in_off <= IN_HIGH / 2)
        post_locked(s);
}

enum gw_status gw_upstream_stream_recv(struct gw_upstream_stream *s, int wait_ms,
                                       struct gw_buf *ret)
{
    struct timespec until;
    if (wait_ms > 0)
        deadline_in(wait_ms, &until);
    gw_buf_reset(ret);
    pthread_mutex_lock(&s->lock);
    bool more = wait_ms != 0;
    while (more && s->in_off == s->in.len && !s->done)
        more = wait_changed(s, wait_ms > 0 ? &until : NULL);
    enum gw_status st = GW_OK;
    if (s->in_off < s->in.len)
        take_message(s, ret);
    else
        st = s->done ? GW_CLOSED : GW_AGAIN;
    pthread_mutex_unlock(&s->lock);
    return st == GW_OK ? gw_buf_failed(ret) : st;
}

const struct gw_upstream_result *gw_upstream_stream_result(const struct gw_upstream_stream *s)
{
    return &s->result;
}

void gw_upstream_stream_close(struct gw_upstream_stream *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    post_locked(s);
    while (!s->closed)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    gw_buf_fini(&s->out);
    gw_buf_fini(&s->in);
    gw_arena_free(s->arena);
    free(s);
}

enum gw_status gw_upstream_unary(struct gw_upstream_client *c, const char *path,
                                 uint64_t timeout_ms, const struct gw_grpc_metadata *metadata,
                                 size_t count, struct gw_bytes request, struct gw_buf *ret_answer,
                                 struct gw_upstream_stream **ret_stream)
{
    struct gw_upstream_stream *s;
    GW_TRY(gw_upstream_stream_open(c, path, timeout_ms, metadata, count, &s));
    enum gw_status st = gw_upstream_stream_send(s, request);
    gw_upstream_stream_half_close(s);
    if (st == GW_OK || st == GW_CLOSED)
        st = gw_upstream_stream_recv(s, -1, ret_answer);
    struct gw_buf rest;
    gw_buf_init(&rest, QUEUE_MAX);
    while (st == GW_OK)
        st = gw_upstream_stream_recv(s, -1, &rest);
    gw_buf_fini(&rest);
    if (st != GW_CLOSED) {
        gw_upstream_stream_close(s);
        return st;
    }
    *ret_stream = s;
    return GW_OK;
}
