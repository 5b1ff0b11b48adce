/* Splits JSON into its records while it streams in: a bare array, one object, or an envelope whose
 * rows may be an array, an object, a text that holds JSON again, "" or null (trap 10). Here a
 * splitter, the one inside it, and what is asked of both; how the text is followed is in
 * json_split_scan.c. */
#include "format/json_split.h"

#include <stdlib.h>

enum { MAX_LEVEL = 3 };

static void json_free(void *impl)
{
    struct gw_json_split *j = impl;
    if (j == NULL)
        return;
    json_free(j->inner);
    gw_split_queue_fini(&j->queue);
    gw_buf_fini(&j->text.text);
    free(j);
}

static struct gw_json_split *split_new(const struct gw_format *f, struct gw_format_package *p,
                                       unsigned level)
{
    struct gw_json_split *j = calloc(1, sizeof(*j));
    if (j == NULL)
        return NULL;
    gw_split_queue_init(&j->queue);
    gw_buf_init(&j->text.text, (size_t)1 << 30);
    j->format = f;
    j->package = p;
    j->level = level;
    return j;
}

/* ---- the inner splitter ---- */

static enum gw_status json_feed(void *impl, struct gw_bytes bytes, bool last,
                                const char **ret_reason);

enum gw_status gw_json_split_inner_new(struct gw_json_split *j)
{
    if (j->level + 1 >= MAX_LEVEL)
        return gw_json_split_fail(j, "json-depth");
    if (j->inner != NULL)
        return gw_json_split_fail(j, "json-key-repeated");
    j->inner = split_new(j->format, j->package, j->level + 1);
    j->saw_rows = true;
    return j->inner != NULL ? GW_OK : GW_NOMEM;
}

enum gw_status gw_json_split_inner_feed(struct gw_json_split *j, struct gw_bytes bytes, bool last)
{
    const char *reason = NULL;
    enum gw_status st = json_feed(j->inner, bytes, last, &reason);
    return st == GW_INVALID ? gw_json_split_fail(j, reason) : st;
}

/* ---- feeding and asking ---- */

static bool may_end(const struct gw_json_split *j)
{
    return j->state == GW_JSON_SPLIT_END || (j->level != 0 && j->state == GW_JSON_SPLIT_START);
}

static enum gw_status feed(struct gw_json_split *j, struct gw_bytes bytes, bool last)
{
    static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
    bool at_start = j->pos == 0 && j->level == 0;
    GW_TRY(gw_split_queue_append(&j->queue, bytes, j->in_record ? j->from : j->pos));
    struct gw_bytes have = gw_buf_view(&j->queue.bytes);
    if (at_start && have.len < sizeof(bom) && !last && (have.len == 0 || have.ptr[0] == bom[0]))
        return GW_OK; /* not enough to know */
    if (at_start && have.len >= sizeof(bom) && memcmp(have.ptr, bom, sizeof(bom)) == 0)
        j->pos = sizeof(bom);
    GW_TRY(gw_json_split_scan(j));
    if (j->in_record && gw_split_queue_end(&j->queue) - j->from > GW_FORMAT_MAX_RECORD)
        return gw_json_split_fail(j, "message-too-large");
    if (last && !may_end(j))
        return gw_json_split_fail(j, "input-truncated");
    j->ended = last;
    return GW_OK;
}

static enum gw_status json_feed(void *impl, struct gw_bytes bytes, bool last,
                                const char **ret_reason)
{
    struct gw_json_split *j = impl;
    enum gw_status st = j->reason != NULL ? GW_INVALID : feed(j, bytes, last);
    *ret_reason = j->reason;
    return st;
}

static enum gw_status json_next(void *impl, struct gw_bytes *ret, const char **ret_reason)
{
    struct gw_json_split *j = impl;
    if (gw_split_queue_pop(&j->queue, ret) == GW_OK)
        return GW_OK;
    if (j->inner != NULL && json_next(j->inner, ret, ret_reason) == GW_OK)
        return GW_OK;
    return j->ended ? GW_NOT_FOUND : GW_AGAIN;
}

const struct gw_split_ops gw_json_split_ops = {json_feed, json_next, json_free};

enum gw_status gw_json_split_new(const struct gw_format *f, struct gw_format_package *p, void **ret)
{
    struct gw_json_split *j = split_new(f, p, 0);
    if (j == NULL)
        return GW_NOMEM;
    *ret = j;
    return GW_OK;
}
