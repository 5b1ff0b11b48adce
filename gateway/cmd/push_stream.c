/* The sending: one Push stream with a bounded number of rows in flight; after a broken connection a
 * new one from the last receipt on. Receipts come in the order of the rows. */
#include "cmd/push.h"

#include <inttypes.h>

#include "base/clock.h"

enum {
    IN_FLIGHT = 4000,
    ATTEMPTS = 8,
    MESSAGE_MAX = 32 * 1024 * 1024,
    GRACE_US = 30 * 1000 * 1000 /* for receipts that are under way when --until comes */
};

struct stream {
    struct gw_push_run *r;
    struct gw_upstream_stream *s;
    struct gw_cmd_reader reader;
    struct gw_buf out, in;
    uint64_t sent;                /* rows of the plan */
    size_t key_at;                /* in plan->keys: of the next row to send */
    uint64_t file_row[IN_FLIGHT]; /* of row n at n % IN_FLIGHT */
    bool ended;                   /* no more from us */
    uint64_t noted;               /* rows acknowledged in the state file */
};

static bool time_is_up(const struct gw_push_run *r)
{
    return r->until_us != 0 && gw_clock_wall_us() >= r->until_us;
}

/* The next row of the plan: its bytes and its place in the file. */
static enum gw_status next_row(struct stream *x, struct gw_bytes *ret)
{
    do
        GW_TRY(gw_cmd_reader_next(&x->reader, ret));
    while (!gw_push_plan_has(x->r->plan, x->reader.row));
    return GW_OK;
}

static struct gw_bytes next_key(struct stream *x)
{
    const struct gw_buf *keys = &x->r->plan->keys;
    struct gw_bytes key = gw_bytes_make(keys->ptr + x->key_at + 1, keys->ptr[x->key_at]);
    x->key_at += 1 + key.len;
    return key;
}

/* GW_CLOSED: the call has ended. */
static enum gw_status send_one(struct stream *x)
{
    struct gw_bytes record;
    GW_TRY(next_row(x, &record));
    struct gw_bytes key = next_key(x);
    char key_text[256];
    snprintf(key_text, sizeof(key_text), "%.*s", GW_BYTES_FMT(key));
    Xinqiao__V1__PushItem m = XINQIAO__V1__PUSH_ITEM__INIT;
    m.key = key_text;
    m.format = (char *)(uintptr_t)x->r->plan->format_id;
    m.record = (ProtobufCBinaryData){record.len, (uint8_t *)(uintptr_t)record.ptr};
    if (x->r->state->fd >= 0) {
        m.batch = x->r->state->batch;
        m.row = x->sent + 1;
    }
    GW_TRY(gw_remote_pack(&m.base, &x->out));
    x->file_row[x->sent % IN_FLIGHT] = x->reader.row;
    GW_TRY(gw_upstream_stream_send(x->s, gw_buf_view(&x->out)));
    x->sent++;
    return GW_OK;
}

static enum gw_status note_refusal(struct stream *x, const Xinqiao__V1__PushReceipt *m,
                                   uint64_t file_row)
{
    struct gw_push_refusals *l = &x->r->plan->refusals;
    for (size_t i = 0; i < m->n_findings || i == 0; i++) {
        const Xinqiao__V1__Finding *f = m->n_findings != 0 ? m->findings[i] : NULL;
        if (f != NULL && f->type != XINQIAO__V1__FINDING__TYPE__TYPE_ERROR && m->n_findings > 1)
            continue;
        GW_TRY(gw_push_refusals_add(l, file_row, m->key, f != NULL ? f->field : "",
                                    f != NULL ? f->reason : "unknown", f != NULL ? f->text_zh : "",
                                    f != NULL ? f->text_en : ""));
        gw_push_state_refusal(x->r->state, &l->items[l->count - 1]);
    }
    return GW_OK;
}

static enum gw_status receipt(struct stream *x)
{
    struct gw_push_run *r = x->r;
    struct gw_push_counts *n = &r->state->counts;
    Xinqiao__V1__PushReceipt *m = xinqiao__v1__push_receipt__unpack(NULL, x->in.len, x->in.ptr);
    enum gw_status st = m != NULL ? GW_OK : GW_INVALID;
    uint64_t row = n->acked + 1;
    if (st == GW_OK && (row > x->sent || (r->state->fd >= 0 && m->row != row)))
        st = GW_INVALID;
    if (st != GW_OK) {
        gw_cmd_err(
            r->c, "网关的回执与所报送的记录不对应，请核对双方版本",
            "the gateway's receipts do not fit the rows that were sent; compare the versions");
        xinqiao__v1__push_receipt__free_unpacked(m, NULL);
        return st;
    }
    uint64_t file_row = x->file_row[(row - 1) % IN_FLIGHT];
    for (size_t i = 0; i < m->n_findings; i++)
        if (m->findings[i]->type != XINQIAO__V1__FINDING__TYPE__TYPE_UNSPECIFIED)
            gw_cmd_tally_add(&r->tally, (int)m->findings[i]->type - 1, m->findings[i]->reason,
                             m->findings[i]->field, 1);
    switch ((int)m->outcome) {
    case XINQIAO__V1__OUTCOME__OUTCOME_NEW:
        n->added++;
        break;
    case XINQIAO__V1__OUTCOME__OUTCOME_DUPLICATE:
        n->repeated++;
        break;
    case XINQIAO__V1__OUTCOME__OUTCOME_UPDATED:
        n->updated++;
        break;
    default:
        n->refused++;
        st = note_refusal(x, m, file_row);
        break;
    }
    n->acked = row;
    if (r->first_entry == 0 || m->entry < r->first_entry)
        r->first_entry = m->entry;
    if (m->entry > r->last_entry)
        r->last_entry = m->entry;
    xinqiao__v1__push_receipt__free_unpacked(m, NULL);
    return st;
}

static void note_acked(struct stream *x, bool force)
{
    const struct gw_push_counts *n = &x->r->state->counts;
    if (n->acked == x->noted || (!force && n->acked - x->noted < 200))
        return;
    gw_push_state_acked(x->r->state);
    x->noted = n->acked;
}

/* Takes what has come; waits for `wait_ms` when nothing has. GW_CLOSED: the call has ended. */
static enum gw_status take_receipts(struct stream *x, int wait_ms)
{
    enum gw_status st;
    while ((st = gw_upstream_stream_recv(x->s, wait_ms, &x->in)) == GW_OK) {
        GW_TRY(receipt(x));
        x->r->answered = true;
        wait_ms = 0;
    }
    note_acked(x, st != GW_AGAIN);
    return st == GW_AGAIN ? GW_OK : st;
}

static enum gw_status skip_acked(struct stream *x)
{
    struct gw_bytes record;
    for (uint64_t i = 0; i < x->r->state->counts.acked; i++) {
        GW_TRY(next_row(x, &record));
        next_key(x);
    }
    x->sent = x->noted = x->r->state->counts.acked;
    return GW_OK;
}

/* Sends and receives until the call ends (GW_CLOSED) or something here fails. */
static enum gw_status drive(struct stream *x, struct gw_cmd_progress *bar)
{
    const struct gw_push_plan *p = x->r->plan;
    const struct gw_push_counts *n = &x->r->state->counts;
    GW_TRY(skip_acked(x));
    for (;;) {
        bool stop = x->sent == p->count || time_is_up(x->r);
        while (!stop && x->sent - n->acked < IN_FLIGHT) {
            enum gw_status st = send_one(x);
            if (st == GW_CLOSED)
                break; /* take the receipts that came before */
            if (st != GW_OK)
                return st;
            if (x->sent % 64 == 0)
                GW_TRY(take_receipts(x, 0));
            stop = x->sent == p->count || (x->sent % 64 == 0 && time_is_up(x->r));
        }
        if (stop && !x->ended) {
            x->ended = true;
            gw_upstream_stream_half_close(x->s);
        }
        GW_TRY(take_receipts(x, 500));
        if (time_is_up(x->r) && gw_clock_wall_us() - x->r->until_us > GRACE_US)
            return GW_TIMEOUT; /* the gateway does not answer: what it has, it has */
        gw_cmd_progress(bar, n->acked, p->count);
    }
}

/* One connection's worth. GW_EXIT_GO_ON: try again. */
static int attempt(struct gw_push_run *r, struct gw_cmd_progress *bar, unsigned tries)
{
    static struct stream x; /* large */
    x = (struct stream){.r = r};
    int rc = gw_cmd_reader_open(r->c, r->plan->format, r->plan->path, &x.reader);
    if (rc != GW_EXIT_OK)
        return rc;
    x.reader.other_digest = r->plan->selected != NULL;
    gw_buf_init(&x.out, MESSAGE_MAX);
    gw_buf_init(&x.in, MESSAGE_MAX);
    enum gw_status st =
        gw_upstream_stream_open(r->remote->client, "/xinqiao.v1.RecordExchange/Push", 0,
                                r->remote->metadata, r->remote->metadata_count, &x.s);
    if (st == GW_OK)
        st = drive(&x, bar);
    note_acked(&x, true);
    if (st == GW_CLOSED) {
        const struct gw_upstream_result *res = gw_upstream_stream_result(x.s);
        if (res->code == GW_GRPC_OK && r->state->counts.acked == r->plan->count)
            rc = GW_EXIT_OK;
        else if (res->code == GW_GRPC_OK && x.ended && r->state->counts.acked == x.sent)
            rc = GW_EXIT_STOPPED;
        else if (time_is_up(r))
            rc = GW_EXIT_STOPPED;
        else if ((gw_remote_transient(res, r->answered) || res->code == GW_GRPC_OK) &&
                 tries < ATTEMPTS)
            rc = GW_EXIT_GO_ON;
        else
            rc = gw_remote_failed(r->remote, res);
    } else if (st == GW_TIMEOUT) {
        rc = GW_EXIT_STOPPED;
    } else {
        if (st == GW_NOT_FOUND)
            gw_cmd_err(r->c, "文件 %s 在报送期间有改动", "%s was changed while it was pushed",
                       r->plan->path);
        else if (st == GW_NOMEM)
            gw_cmd_err(r->c, "内存不足", "out of memory");
        rc = GW_EXIT_FAILED;
    }
    gw_upstream_stream_close(x.s);
    gw_buf_fini(&x.out);
    gw_buf_fini(&x.in);
    gw_cmd_reader_close(&x.reader);
    return rc;
}

int gw_push_stream(struct gw_push_run *r)
{
    struct gw_cmd_progress bar;
    gw_cmd_progress_begin(&bar, TR(r->c, "报送", "pushing"));
    int rc = r->state->counts.acked == r->plan->count ? GW_EXIT_OK : GW_EXIT_GO_ON;
    unsigned tries = 0;
    while (rc == GW_EXIT_GO_ON) {
        uint64_t before = r->state->counts.acked;
        if (time_is_up(r)) {
            rc = GW_EXIT_STOPPED;
            break;
        }
        rc = attempt(r, &bar, tries);
        if (rc != GW_EXIT_GO_ON)
            break;
        tries = r->state->counts.acked > before ? 1 : tries + 1;
        gw_cmd_progress_end(&bar);
        gw_cmd_err(r->c, "连接中断，已确认 %" PRIu64 "/%" PRIu64 " 条，稍后自动续传",
                   "the connection broke with %" PRIu64 "/%" PRIu64
                   " rows confirmed; going on shortly",
                   r->state->counts.acked, r->plan->count);
        gw_remote_backoff(tries - 1);
        gw_cmd_progress_begin(&bar, TR(r->c, "报送", "pushing"));
    }
    gw_cmd_progress_end(&bar);
    return rc;
}
