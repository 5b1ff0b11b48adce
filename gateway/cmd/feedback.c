/* The feedback file: which rows were refused, in which field, why. Written as JSON, or as the XML
 * table of exchange_feedback.tsv; read for --resend. */
#include "cmd/push.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum { FEEDBACK_MAX = 512 * 1024 * 1024, ROW_LIMIT = 100 * 1000 * 1000 };

static bool is_xml(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".xml") == 0;
}

/* The loaders' error codes (formats.md 1.1): four families are all that our reasons keep of them.
 */
static const char *loader_code(const char *reason)
{
    static const char *const by_family[] = {"90001", "10004", "20001", "30001", "40001"};
    const struct gw_reason *r = gw_reason_find(gw_bytes_str(reason));
    return by_family[r != NULL && r->family < GW_ARRAY_LEN(by_family) ? r->family : 0];
}

static const char *status_word(const struct gw_push_plan *p, const struct gw_push_refusals *l)
{
    return l->rows == 0 ? "成功" : l->rows == p->count ? "失败" : "部分成功";
}

static void put_escaped(struct gw_buf *b, const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == '&')
            gw_buf_str(b, "&amp;");
        else if (*s == '<')
            gw_buf_str(b, "&lt;");
        else if (*s == '>')
            gw_buf_str(b, "&gt;");
        else
            gw_buf_u8(b, (uint8_t)*s);
    }
}

static void element(struct gw_buf *b, const char *name, const char *value)
{
    gw_buf_printf(b, "<%s>", name);
    put_escaped(b, value);
    gw_buf_printf(b, "</%s>", name);
}

static void element_u64(struct gw_buf *b, const char *name, uint64_t v)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    element(b, name, text);
}

static void write_xml(const struct gw_cmd_ctx *c, const struct gw_push_plan *p, const char *guid,
                      const char *time, const struct gw_push_refusals *l, struct gw_buf *b)
{
    gw_buf_str(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feedback>\n<header>\n");
    element(b, "guid", guid);
    element(b, "time", time);
    element(b, "status", status_word(p, l));
    element_u64(b, "total", p->count);
    element_u64(b, "accepted", p->count - l->rows);
    element_u64(b, "refused", l->rows);
    gw_buf_str(b, "\n</header>\n<body>\n");
    for (size_t i = 0; i < l->count; i++) {
        const struct gw_push_refusal *r = &l->items[i];
        gw_buf_str(b, "<record>");
        element_u64(b, "row", r->row);
        element(b, "field", r->field);
        element(b, "error_code", loader_code(r->reason));
        element(b, "error_text", TR(c, r->zh, r->en));
        gw_buf_str(b, "</record>\n");
    }
    gw_buf_str(b, "</body>\n</feedback>\n");
}

static void write_json(const struct gw_cmd_ctx *c, const struct gw_push_plan *p, const char *guid,
                       const char *time, const struct gw_push_refusals *l, struct gw_buf *ret)
{
    struct gw_cmd_json j;
    gw_cmd_json_init(&j);
    gw_cmd_json_open(&j, NULL, '{');
    gw_cmd_json_str(&j, "guid", guid);
    gw_cmd_json_str(&j, "time", time);
    gw_cmd_json_str(&j, "status", status_word(p, l));
    gw_cmd_json_u64(&j, "total", p->count);
    gw_cmd_json_u64(&j, "accepted", p->count - l->rows);
    gw_cmd_json_u64(&j, "refused", l->rows);
    gw_cmd_json_open(&j, "rows", '[');
    for (size_t i = 0; i < l->count; i++) {
        const struct gw_push_refusal *r = &l->items[i];
        gw_buf_str(&j.b, i != 0 ? ",\n" : "\n");
        j.comma = false;
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_u64(&j, "row", r->row);
        gw_cmd_json_str(&j, "key", r->key);
        gw_cmd_json_str(&j, "field", r->field);
        gw_cmd_json_str(&j, "reason", r->reason);
        gw_cmd_json_str(&j, "error_code", loader_code(r->reason));
        gw_cmd_json_str(&j, "error_text", TR(c, r->zh, r->en));
        gw_cmd_json_close(&j, '}');
    }
    gw_cmd_json_close(&j, ']');
    gw_cmd_json_close(&j, '}');
    gw_buf_bytes(ret, gw_buf_view(&j.b));
    gw_buf_u8(ret, '\n');
    gw_buf_fini(&j.b);
}

int gw_push_feedback_write(const struct gw_cmd_ctx *c, const char *path,
                           const struct gw_push_plan *p, const char *batch,
                           const struct gw_push_refusals *l)
{
    char time[20];
    gw_cmd_time(gw_clock_wall_us(), time);
    const char *guid = p->package.guid[0] != '\0' ? p->package.guid : batch;
    struct gw_buf b;
    gw_buf_init(&b, FEEDBACK_MAX);
    if (is_xml(path))
        write_xml(c, p, guid, time, l, &b);
    else
        write_json(c, p, guid, time, l, &b);
    int rc = gw_buf_failed(&b) == GW_OK ? gw_cmd_write_file(c, path, gw_buf_view(&b))
                                        : gw_cmd_file_failed(c, path, gw_buf_failed(&b));
    gw_buf_fini(&b);
    return rc;
}

/* ---- reading: only the row numbers matter ------------------------------------------------------
 */

static enum gw_status add_row(uint64_t row, uint8_t **bits, uint64_t *max)
{
    if (row == 0 || row > ROW_LIMIT)
        return GW_INVALID;
    if (row > *max || *bits == NULL) {
        uint64_t top = row * 2;
        uint8_t *wider = realloc(*bits, top / 8 + 1);
        if (wider == NULL)
            return GW_NOMEM;
        size_t had = *bits != NULL ? *max / 8 + 1 : 0;
        memset(wider + had, 0, top / 8 + 1 - had);
        *bits = wider;
        *max = top;
    }
    (*bits)[row / 8] |= (uint8_t)(1u << (row % 8));
    return GW_OK;
}

/* Steps over a JSON string; *at is behind its opening quote and ends behind the closing one. */
static struct gw_bytes json_string(struct gw_bytes text, size_t *at)
{
    size_t start = *at;
    while (*at < text.len && text.ptr[*at] != '"')
        *at += text.ptr[*at] == '\\' ? 2 : 1;
    size_t end = *at < text.len ? *at : text.len;
    *at = end + 1;
    return gw_bytes_make(text.ptr + start, end - start);
}

static bool number_at(struct gw_bytes text, size_t at, uint64_t *ret)
{
    size_t end = at;
    while (end < text.len && text.ptr[end] >= '0' && text.ptr[end] <= '9')
        end++;
    return gw_text_u64(gw_bytes_make(text.ptr + at, end - at), ret) == GW_OK;
}

static enum gw_status rows_of_json(struct gw_bytes text, uint8_t **bits, uint64_t *max)
{
    for (size_t at = 0; at < text.len;) {
        if (text.ptr[at++] != '"')
            continue;
        struct gw_bytes s = json_string(text, &at);
        size_t p = at;
        while (p < text.len && text.ptr[p] == ' ')
            p++;
        if (!gw_bytes_eq_str(s, "row") || p >= text.len || text.ptr[p] != ':')
            continue;
        p++;
        while (p < text.len && text.ptr[p] == ' ')
            p++;
        uint64_t row;
        if (!number_at(text, p, &row))
            return GW_INVALID;
        GW_TRY(add_row(row, bits, max));
    }
    return GW_OK;
}

static enum gw_status rows_of_xml(struct gw_bytes text, uint8_t **bits, uint64_t *max)
{
    for (size_t at = 0; at + 5 < text.len; at++) {
        uint64_t row;
        if (memcmp(text.ptr + at, "<row>", 5) != 0)
            continue;
        if (!number_at(text, at + 5, &row))
            return GW_INVALID;
        GW_TRY(add_row(row, bits, max));
    }
    return GW_OK;
}

int gw_push_feedback_rows(const struct gw_cmd_ctx *c, const char *path, uint8_t **ret_bits,
                          uint64_t *ret_max)
{
    struct gw_buf b;
    gw_buf_init(&b, FEEDBACK_MAX);
    enum gw_status st = gw_file_read(path, &b);
    if (st != GW_OK) {
        gw_buf_fini(&b);
        return gw_cmd_file_failed(c, path, st);
    }
    bool xml = b.len != 0 && (b.ptr[0] == '<' || b.ptr[0] == 0xef);
    st = xml ? rows_of_xml(gw_buf_view(&b), ret_bits, ret_max)
             : rows_of_json(gw_buf_view(&b), ret_bits, ret_max);
    gw_buf_fini(&b);
    if (st != GW_OK || *ret_bits == NULL) {
        gw_cmd_err(c, "反馈文件 %s 中没有可用的行号（row）",
                   "no rows can be read from the feedback file %s", path);
        return GW_EXIT_FAILED;
    }
    return GW_EXIT_OK;
}
