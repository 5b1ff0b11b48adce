/* First pass over the file: how many rows, which keys, what digest, and what is already known to be
 * wrong. Rows that are wrong here are sent too: the gateway's receipt is what counts. */
#include "cmd/push.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"

enum { ARENA_MAX = 16 * 1024 * 1024, KEYS_MAX = 512 * 1024 * 1024, KEY_MAX = 128 };

void gw_push_refusals_fini(struct gw_push_refusals *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->items[i].line);
    free(l->items);
    *l = (struct gw_push_refusals){0};
}

static char *put(char **at, const char *s)
{
    char *start = *at;
    size_t len = strlen(s);
    memcpy(start, s, len + 1);
    for (char *p = start; *p != '\0'; p++)
        if (*p == '\t' || *p == '\n') /* separators of the state file */
            *p = ' ';
    *at += len + 1;
    return start;
}

enum gw_status gw_push_refusals_add(struct gw_push_refusals *l, uint64_t row, const char *key,
                                    const char *field, const char *reason, const char *zh,
                                    const char *en)
{
    if (l->count == l->cap) {
        size_t cap = l->cap != 0 ? l->cap * 2 : 64;
        struct gw_push_refusal *items = realloc(l->items, cap * sizeof(*items));
        if (items == NULL)
            return GW_NOMEM;
        l->items = items;
        l->cap = cap;
    }
    char *line = malloc(strlen(key) + strlen(field) + strlen(reason) + strlen(zh) + strlen(en) + 5);
    if (line == NULL)
        return GW_NOMEM;
    struct gw_push_refusal r = {.row = row, .line = line};
    char *at = line;
    r.key = put(&at, key);
    r.field = put(&at, field);
    r.reason = put(&at, reason);
    r.zh = put(&at, zh);
    r.en = put(&at, en);
    if (l->count == 0 || l->items[l->count - 1].row != row)
        l->rows++;
    l->items[l->count++] = r;
    return GW_OK;
}

void gw_push_plan_fini(struct gw_push_plan *p)
{
    gw_buf_fini(&p->keys);
    free(p->selected);
    gw_push_refusals_fini(&p->refusals);
    gw_cmd_tally_fini(&p->tally);
}

static void key_put(struct gw_push_plan *p, const char *key, size_t len)
{
    gw_buf_u8(&p->keys, (uint8_t)len);
    gw_buf_append(&p->keys, key, len);
}

static void key_hash(struct gw_bytes v, char ret[65])
{
    struct gw_hash h;
    gw_crypto_sha256(v, GW_BYTES_NONE, GW_BYTES_NONE, &h);
    struct gw_buf b;
    gw_buf_init_fixed(&b, ret, 64);
    gw_hex_put(&b, gw_bytes_make(h.byte, sizeof(h.byte)));
    ret[64] = '\0';
}

/* The delivery key: the field that was asked for, else a hash of the business key, else (a row that
 * can not be read) of its bytes. Hashes, because a business key names its subject. */
static void key_of(struct gw_push_plan *p, const gw_record *r, struct gw_bytes bytes,
                   char ret[KEY_MAX + 1])
{
    if (r != NULL && p->key_path.text != NULL) {
        struct gw_canon_value v;
        gw_canon_get(r, &p->key_path, &v);
        if (v.present && v.type == GW_CANON_TEXT && v.text.len != 0 && v.text.len <= KEY_MAX) {
            snprintf(ret, KEY_MAX + 1, "%.*s", GW_BYTES_FMT(v.text));
            return;
        }
    }
    struct gw_buf key;
    gw_buf_init(&key, 64 * 1024);
    bool weak = false;
    if (r != NULL && gw_canon_business_key(r, &key, &weak) == GW_OK && key.len != 0)
        bytes = gw_buf_view(&key);
    key_hash(bytes, ret);
    gw_buf_fini(&key);
}

static enum gw_status note_refused(struct gw_push_plan *p, uint64_t row, const char *key,
                                   const struct gw_report *report)
{
    enum gw_status st = GW_OK;
    struct gw_buf zh, en;
    gw_buf_init(&zh, 8192);
    gw_buf_init(&en, 8192);
    for (const struct gw_problem *x = report->first; x != NULL && st == GW_OK; x = x->next) {
        if (x->kind != GW_PROBLEM_ERROR)
            continue;
        gw_buf_reset(&zh);
        gw_buf_reset(&en);
        gw_problem_text(x, "zh", &zh);
        gw_problem_text(x, "en", &en);
        gw_buf_u8(&zh, 0);
        gw_buf_u8(&en, 0);
        st = gw_push_refusals_add(&p->refusals, row, key, x->field, x->reason->code,
                                  zh.ptr != NULL ? (char *)zh.ptr : "",
                                  en.ptr != NULL ? (char *)en.ptr : "");
    }
    gw_buf_fini(&zh);
    gw_buf_fini(&en);
    return st;
}

static enum gw_status one(struct gw_push_plan *p, struct gw_arena *a, uint64_t row,
                          struct gw_bytes bytes, struct gw_sha256 *digest)
{
    struct gw_format_clock clock = {gw_clock_wall_us()};
    struct gw_report report;
    gw_record *r = NULL;
    gw_arena_reset(a);
    gw_report_init(&report, a);
    enum gw_status st = GW_OK;
    if (p->format != NULL)
        st = gw_format_decode(p->format, bytes, &clock, a, &report, &r);
    bool bad = st != GW_OK || gw_report_has_errors(&report);
    char key[KEY_MAX + 1];
    key_of(p, bad ? NULL : r, bytes, key);
    key_put(p, key, strlen(key));
    struct gw_hash h;
    gw_crypto_sha256(bytes, GW_BYTES_NONE, GW_BYTES_NONE, &h);
    gw_crypto_sha256_update(digest, gw_bytes_make(h.byte, sizeof(h.byte)));
    gw_cmd_tally_report(&p->tally, &report);
    p->count++;
    if (!bad)
        return GW_OK;
    p->bad++;
    return note_refused(p, row, key, &report);
}

int gw_push_plan_make(struct gw_push_plan *p)
{
    gw_buf_init(&p->keys, KEYS_MAX);
    gw_cmd_tally_init(&p->tally);
    struct gw_cmd_reader reader;
    int rc = gw_cmd_reader_open(p->c, p->format, p->path, &reader);
    if (rc != GW_EXIT_OK)
        return rc;
    reader.other_digest = p->selected != NULL;
    GW_CLEANUP(gw_arena_freep) struct gw_arena *a = gw_arena_new("push", ARENA_MAX);
    GW_CLEANUP(gw_crypto_sha256_freep) struct gw_sha256 *digest = gw_crypto_sha256_new();
    struct gw_cmd_progress bar;
    gw_cmd_progress_begin(&bar, TR(p->c, "检查", "checking"));
    enum gw_status st = a != NULL && digest != NULL ? GW_OK : GW_NOMEM;
    struct gw_bytes record;
    while (st == GW_OK && (st = gw_cmd_reader_next(&reader, &record)) == GW_OK) {
        if (gw_push_plan_has(p, reader.row))
            st = one(p, a, reader.row, record, digest);
        gw_cmd_progress(&bar, reader.offset, reader.size);
    }
    gw_cmd_progress_end(&bar);
    p->in_file = p->format != NULL ? reader.row : 1;
    if (reader.splitter != NULL)
        p->package = *gw_format_splitter_package(reader.splitter);
    gw_cmd_reader_close(&reader);
    if (st == GW_NOT_FOUND && gw_buf_failed(&p->keys) == GW_OK) {
        gw_crypto_sha256_final(digest, &p->digest);
        return GW_EXIT_OK;
    }
    if (st == GW_NOMEM || st == GW_NOT_FOUND)
        gw_cmd_err(p->c, "内存不足", "out of memory");
    return GW_EXIT_FAILED;
}
