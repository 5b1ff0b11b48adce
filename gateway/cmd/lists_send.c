/* One Publish call: items out, receipts in, a bounded number of them under way. */
#include "cmd/lists_publish.h"

#include "base/clock.h"
#include "base/text.h"
#include "crypto/crypto.h"

enum {
    IN_FLIGHT = 500,
    SHOWN = 20,
    MESSAGE_MAX = 16 * 1024 * 1024,
    ARENA_MAX = 16 * 1024 * 1024,
    ENTRY_MAX = 128
};

/* ---- receipts ----------------------------------------------------------------------------------
 */

static void refusal(struct gw_publish *p, const Xinqiao__V1__ListReceipt *m)
{
    if (p->c->json) {
        gw_cmd_json_open(&p->j, NULL, '{');
        gw_cmd_json_str(&p->j, "entry", m->entry);
        gw_lists_findings_json(p->c, &p->j, m->findings, m->n_findings);
        gw_cmd_json_close(&p->j, '}');
        return;
    }
    if (p->shown++ == SHOWN)
        puts(TR(p->c, "  ……", "  ..."));
    if (p->shown > SHOWN)
        return;
    printf(TR(p->c, "  被拒绝：%s\n", "  refused: %s\n"),
           m->entry[0] != '\0' ? m->entry : TR(p->c, "（版本）", "(the version)"));
    gw_lists_findings(p->c, m->findings, m->n_findings, stdout);
}

static int receipt(struct gw_publish *p)
{
    Xinqiao__V1__ListReceipt *m = xinqiao__v1__list_receipt__unpack(NULL, p->in.len, p->in.ptr);
    if (m == NULL || p->answered == p->sent) {
        gw_cmd_err(p->c, "网关的回执无法识别，请核对双方版本",
                   "the gateway's receipt can not be read; compare the versions");
        if (m != NULL)
            xinqiao__v1__list_receipt__free_unpacked(m, NULL);
        return GW_EXIT_FAILED;
    }
    p->answered++;
    int outcome = (int)m->outcome;
    if (outcome > 0 && outcome < (int)GW_ARRAY_LEN(p->outcome))
        p->outcome[outcome]++;
    if (m->outcome == XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED)
        refusal(p, m);
    p->closed_held |= m->outcome == XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_HELD;
    p->closed_applied |= m->outcome == XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_APPLIED;
    if (m->counts != NULL)
        p->counts = *m->counts; /* numbers only */
    xinqiao__v1__list_receipt__free_unpacked(m, NULL);
    return GW_EXIT_GO_ON;
}

/* Takes receipts until at most `left` are outstanding. GW_EXIT_GO_ON, or how the call ended. */
static int take(struct gw_publish *p, uint64_t left)
{
    while (p->sent - p->answered > left) {
        enum gw_status st = gw_upstream_stream_recv(p->s, -1, &p->in);
        if (st == GW_CLOSED)
            return gw_remote_failed(&p->remote, gw_upstream_stream_result(p->s));
        if (st != GW_OK)
            return gw_cmd_file_failed(p->c, p->path != NULL ? p->path : "-", st);
        int rc = receipt(p);
        if (rc != GW_EXIT_GO_ON)
            return rc;
    }
    return GW_EXIT_GO_ON;
}

/* The call ended while we were sending: the receipts that came before it, then why. */
static int closed(struct gw_publish *p)
{
    int rc = GW_EXIT_GO_ON;
    while (rc == GW_EXIT_GO_ON && gw_upstream_stream_recv(p->s, -1, &p->in) == GW_OK)
        rc = receipt(p);
    return rc == GW_EXIT_GO_ON ? gw_remote_failed(&p->remote, gw_upstream_stream_result(p->s)) : rc;
}

static int send_item(struct gw_publish *p, Xinqiao__V1__ListPublishItem *item)
{
    enum gw_status st = gw_remote_pack(&item->base, &p->out);
    if (st == GW_OK)
        st = gw_upstream_stream_send(p->s, gw_buf_view(&p->out));
    if (st == GW_CLOSED)
        return closed(p);
    if (st != GW_OK)
        return gw_cmd_file_failed(p->c, p->path != NULL ? p->path : "-", st);
    p->sent++;
    return take(p, IN_FLIGHT);
}

/* ---- items -------------------------------------------------------------------------------------
 */

static int send_open(struct gw_publish *p)
{
    Google__Protobuf__Timestamp as_of = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    as_of.seconds = p->as_of_us / GW_USEC_PER_SEC;
    as_of.nanos = (int32_t)(p->as_of_us % GW_USEC_PER_SEC) * 1000;
    Xinqiao__V1__ListVersionOpen m = XINQIAO__V1__LIST_VERSION_OPEN__INIT;
    m.list = (char *)(uintptr_t)p->list;
    m.version = (char *)(uintptr_t)p->version;
    m.snapshot = p->snapshot;
    m.declared = p->declared;
    m.empty = p->empty;
    m.as_of = &as_of;
    Xinqiao__V1__ListPublishItem item = XINQIAO__V1__LIST_PUBLISH_ITEM__INIT;
    item.item_case = XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_OPEN;
    item.open = &m;
    int rc = send_item(p, &item);
    /* A version that is refused must not have its rows sent as entries of their own. */
    rc = rc == GW_EXIT_GO_ON ? take(p, 0) : rc;
    if (rc == GW_EXIT_GO_ON && p->outcome[XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_REFUSED] != 0)
        rc = GW_EXIT_SOME_REFUSED;
    return rc;
}

/* The source's id of an entry: the field that was asked for, else a hash of the business key, else
 * (a row that can not be read) of its bytes. Hashes, because a business key names its subject. */
static void entry_id(const struct gw_publish *p, struct gw_arena *a, struct gw_bytes bytes,
                     char ret[ENTRY_MAX + 1])
{
    struct gw_format_clock clock = {gw_clock_wall_us()};
    struct gw_report report;
    gw_record *r = NULL;
    gw_arena_reset(a);
    gw_report_init(&report, a);
    if (gw_format_decode(p->format, bytes, &clock, a, &report, &r) != GW_OK)
        r = NULL;
    struct gw_canon_value v = {.present = false};
    if (r != NULL && p->key_path.text != NULL)
        gw_canon_get(r, &p->key_path, &v);
    if (v.present && v.type == GW_CANON_TEXT && v.text.len != 0 && v.text.len <= ENTRY_MAX) {
        snprintf(ret, ENTRY_MAX + 1, "%.*s", GW_BYTES_FMT(v.text));
        return;
    }
    struct gw_buf key;
    gw_buf_init(&key, 64 * 1024);
    bool weak = false;
    if (r != NULL && gw_canon_business_key(r, &key, &weak) == GW_OK && key.len != 0)
        bytes = gw_buf_view(&key);
    struct gw_hash h;
    gw_crypto_sha256(bytes, GW_BYTES_NONE, GW_BYTES_NONE, &h);
    struct gw_buf hex;
    gw_buf_init_fixed(&hex, ret, 64);
    gw_hex_put(&hex, gw_bytes_make(h.byte, sizeof(h.byte)));
    ret[64] = '\0';
    gw_buf_fini(&key);
}

static int send_entry(struct gw_publish *p, struct gw_arena *a, struct gw_bytes record)
{
    char id[ENTRY_MAX + 1];
    entry_id(p, a, record, id);
    Xinqiao__V1__ListPublishEntry m = XINQIAO__V1__LIST_PUBLISH_ENTRY__INIT;
    m.list = (char *)(uintptr_t)p->list;
    m.entry = id;
    m.revision = p->revision;
    m.format = (char *)(uintptr_t)p->format_id;
    m.record = (ProtobufCBinaryData){record.len, (uint8_t *)(uintptr_t)record.ptr};
    m.measures = p->measure;
    m.n_measures = p->measure_count;
    Xinqiao__V1__ListPublishItem item = XINQIAO__V1__LIST_PUBLISH_ITEM__INIT;
    item.item_case = XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_ENTRY;
    item.entry = &m;
    return send_item(p, &item);
}

static int send_close(struct gw_publish *p)
{
    Xinqiao__V1__ListVersionClose m = XINQIAO__V1__LIST_VERSION_CLOSE__INIT;
    Xinqiao__V1__ListPublishItem item = XINQIAO__V1__LIST_PUBLISH_ITEM__INIT;
    item.item_case = XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_CLOSE;
    item.close = &m;
    return send_item(p, &item);
}

/* ---- the file ----------------------------------------------------------------------------------
 */

/* A first pass: how many rows there are, and that the file is whole, before anything is sent. */
static int count_rows(struct gw_publish *p)
{
    struct gw_cmd_reader reader;
    int rc = gw_cmd_reader_open(p->c, p->format, p->path, &reader);
    if (rc != GW_EXIT_OK)
        return rc;
    struct gw_bytes record;
    enum gw_status st;
    while ((st = gw_cmd_reader_next(&reader, &record)) == GW_OK)
        continue;
    p->declared = reader.row;
    gw_cmd_reader_close(&reader);
    return st == GW_NOT_FOUND ? GW_EXIT_GO_ON : GW_EXIT_FAILED;
}

static int send_rows(struct gw_publish *p)
{
    struct gw_cmd_reader reader;
    int rc = gw_cmd_reader_open(p->c, p->format, p->path, &reader);
    if (rc != GW_EXIT_OK)
        return rc;
    GW_CLEANUP(gw_arena_freep) struct gw_arena *a = gw_arena_new("publish", ARENA_MAX);
    struct gw_cmd_progress bar;
    gw_cmd_progress_begin(&bar, TR(p->c, "发布", "publishing"));
    enum gw_status st = a != NULL ? GW_OK : GW_NOMEM;
    struct gw_bytes record;
    rc = GW_EXIT_GO_ON;
    while (rc == GW_EXIT_GO_ON && st == GW_OK &&
           (st = gw_cmd_reader_next(&reader, &record)) == GW_OK) {
        rc = send_entry(p, a, record);
        gw_cmd_progress(&bar, reader.row, p->declared);
    }
    gw_cmd_progress_end(&bar);
    gw_cmd_reader_close(&reader);
    return rc != GW_EXIT_GO_ON ? rc : st == GW_NOT_FOUND ? GW_EXIT_GO_ON : GW_EXIT_FAILED;
}

static int open_call(struct gw_publish *p)
{
    int rc = gw_remote_open(&p->remote);
    if (rc != GW_EXIT_OK)
        return rc;
    gw_buf_init(&p->out, MESSAGE_MAX);
    gw_buf_init(&p->in, MESSAGE_MAX);
    if (gw_upstream_stream_open(p->remote.client, "/xinqiao.v1.ListExchange/Publish", 0,
                                p->remote.metadata, p->remote.metadata_count, &p->s) != GW_OK) {
        gw_cmd_err(p->c, "内存不足", "out of memory");
        return GW_EXIT_FAILED;
    }
    return GW_EXIT_GO_ON;
}

/* The last receipts, then the call's own end. */
static int end_call(struct gw_publish *p)
{
    int rc = take(p, 0);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    gw_upstream_stream_half_close(p->s);
    enum gw_status st;
    while ((st = gw_upstream_stream_recv(p->s, -1, &p->in)) == GW_OK)
        continue;
    const struct gw_upstream_result *res = gw_upstream_stream_result(p->s);
    return res->code == GW_GRPC_OK ? GW_EXIT_OK : gw_remote_failed(&p->remote, res);
}

int gw_publish_run(struct gw_publish *p)
{
    bool version = p->snapshot || p->batch;
    int rc = p->path != NULL ? count_rows(p) : GW_EXIT_GO_ON;
    if (rc == GW_EXIT_GO_ON)
        rc = open_call(p);
    if (rc == GW_EXIT_GO_ON && version)
        rc = send_open(p);
    if (rc == GW_EXIT_GO_ON && p->path != NULL)
        rc = send_rows(p);
    if (rc == GW_EXIT_GO_ON && version)
        rc = send_close(p);
    return rc == GW_EXIT_GO_ON ? end_call(p) : rc;
}

int gw_publish_remove(struct gw_publish *p, const char *entry, Xinqiao__V1__ListEnd end,
                      Xinqiao__V1__Date *ended_on)
{
    Xinqiao__V1__ListPublishRemoval m = XINQIAO__V1__LIST_PUBLISH_REMOVAL__INIT;
    m.list = (char *)(uintptr_t)p->list;
    m.entry = (char *)(uintptr_t)entry;
    m.revision = p->revision;
    m.end = end;
    m.ended_on = ended_on;
    Xinqiao__V1__ListPublishItem item = XINQIAO__V1__LIST_PUBLISH_ITEM__INIT;
    item.item_case = XINQIAO__V1__LIST_PUBLISH_ITEM__ITEM_REMOVAL;
    item.removal = &m;
    int rc = open_call(p);
    if (rc == GW_EXIT_GO_ON)
        rc = send_item(p, &item);
    return rc == GW_EXIT_GO_ON ? end_call(p) : rc;
}
