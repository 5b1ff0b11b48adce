/* Splits JSON into its records while it streams in: a bare array, one object, or an envelope whose
 * rows may be an array, an object, a text that holds JSON again, "" or null (trap 10). Only
 * brackets and strings are looked at here; each record is parsed for good by its codec. */
#include <stdlib.h>

#include "base/text.h"
#include "format/format_internal.h"
#include "format/split_queue.h"

enum { MAX_LEVEL = 3, CAPTURE = 64 };

enum state {
    J_START,
    J_ARRAY, /* between and inside the elements of an array of records */
    J_KEY,   /* a key or the end of the object */
    J_IN_KEY,
    J_COLON,
    J_VALUE,
    J_SKIP,      /* inside a value that is no rows */
    J_ROWS,      /* inside rows that are an array or object: handed to the inner splitter */
    J_ROWS_TEXT, /* inside rows that are a string: handed on unescaped */
    J_AFTER_TEXT,
    J_END
};

struct json_split {
    const struct gw_format *format;
    struct gw_format_package *package; /* NULL for inner ones */
    struct gw_split_queue queue;
    uint64_t pos; /* next byte to look at */
    enum state state;
    unsigned level, depth;
    bool in_string, escaped;
    bool in_record;
    uint64_t from;  /* of the element or bare object being read */
    bool enveloped; /* a member that only an envelope has was seen */
    bool saw_rows;
    char key[CAPTURE], value[CAPTURE];
    size_t key_len, value_len;
    /* unescaping */
    struct gw_buf text;
    unsigned hex_left;
    uint32_t hex, high;
    struct json_split *inner;
    bool code_bad;
    bool any, ended;
    const char *reason;
};

static void json_free(void *impl)
{
    struct json_split *j = impl;
    if (j == NULL)
        return;
    json_free(j->inner);
    gw_split_queue_fini(&j->queue);
    gw_buf_fini(&j->text);
    free(j);
}

static struct json_split *split_new(const struct gw_format *f, struct gw_format_package *p,
                                    unsigned level)
{
    struct json_split *j = calloc(1, sizeof(*j));
    if (j == NULL)
        return NULL;
    gw_split_queue_init(&j->queue);
    gw_buf_init(&j->text, (size_t)1 << 30);
    j->format = f;
    j->package = p;
    j->level = level;
    return j;
}

static enum gw_status fail(struct json_split *j, const char *reason)
{
    if (j->reason == NULL)
        j->reason = reason;
    return GW_INVALID;
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool key_is(const struct json_split *j, const char *name)
{
    return name != NULL && j->key_len == strlen(name) && memcmp(j->key, name, j->key_len) == 0;
}

static const char *rows_name(const struct json_split *j)
{
    return j->level == 0 ? j->format->envelope.rows : j->format->envelope.inner_rows;
}

/* ---- values of the envelope that matter ---- */

static void value_end(struct json_split *j)
{
    struct gw_bytes v = gw_bytes_make(j->value, j->value_len);
    while (v.len != 0 && blank(v.ptr[v.len - 1]))
        v.len--;
    if (v.len >= 2 && v.ptr[0] == '"' && v.ptr[v.len - 1] == '"')
        v = gw_bytes_make(v.ptr + 1, v.len - 2);
    const struct gw_envelope_spec *e = &j->format->envelope;
    if (j->level != 0) {
        if (key_is(j, "success")) {
            j->enveloped = true;
            j->code_bad = !gw_bytes_eq_str(v, "true");
        }
        return;
    }
    if (key_is(j, e->code)) {
        j->enveloped = true;
        j->code_bad = !gw_bytes_eq_str(v, e->ok);
    }
    if (key_is(j, e->count) && gw_text_u64(v, &j->package->count) == GW_OK)
        j->package->has_header = true;
}

/* ---- the inner splitter ---- */

static enum gw_status json_feed(void *impl, struct gw_bytes bytes, bool last,
                                const char **ret_reason);

static enum gw_status inner_new(struct json_split *j)
{
    if (j->level + 1 >= MAX_LEVEL)
        return fail(j, "json-depth");
    if (j->inner != NULL)
        return fail(j, "json-key-repeated");
    j->inner = split_new(j->format, j->package, j->level + 1);
    j->saw_rows = true;
    return j->inner != NULL ? GW_OK : GW_NOMEM;
}

static enum gw_status inner_feed(struct json_split *j, struct gw_bytes bytes, bool last)
{
    const char *reason = NULL;
    enum gw_status st = json_feed(j->inner, bytes, last, &reason);
    return st == GW_INVALID ? fail(j, reason) : st;
}

static enum gw_status text_flush(struct json_split *j, bool last)
{
    GW_TRY(gw_buf_failed(&j->text));
    GW_TRY(inner_feed(j, gw_buf_view(&j->text), last));
    gw_buf_reset(&j->text);
    return GW_OK;
}

static enum gw_status hex_digit(struct json_split *j, uint8_t c)
{
    uint32_t v = c >= '0' && c <= '9' ? c - (uint32_t)'0' : (c | 32u) - 'a' + 10;
    if (v > 15 || (c > '9' && (c | 32) < 'a'))
        return fail(j, "malformed-json");
    j->hex = j->hex << 4 | v;
    if (--j->hex_left != 0)
        return GW_OK;
    bool is_low = j->hex >= 0xdc00 && j->hex < 0xe000;
    if (is_low != (j->high != 0))
        return fail(j, "malformed-json");
    if (j->hex >= 0xd800 && j->hex < 0xdc00) {
        j->high = j->hex;
        return GW_OK;
    }
    gw_utf8_put(&j->text,
                is_low ? 0x10000 + ((j->high - 0xd800) << 10) + (j->hex - 0xdc00) : j->hex);
    j->high = 0;
    return GW_OK;
}

static enum gw_status escape(struct json_split *j, uint8_t c)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    j->escaped = false;
    if (c == 'u') {
        j->hex_left = 4;
        j->hex = 0;
        return GW_OK;
    }
    const char *at = c != 0 ? strchr(names, c) : NULL;
    if (at == NULL || j->high != 0)
        return fail(j, "malformed-json");
    gw_buf_u8(&j->text, (uint8_t)values[at - names]);
    return GW_OK;
}

/* A character of rows that are a string. */
static enum gw_status text_char(struct json_split *j, uint8_t c)
{
    if (j->hex_left != 0)
        return hex_digit(j, c);
    if (j->escaped)
        return escape(j, c);
    if (c == '\\') {
        j->escaped = true;
        return GW_OK;
    }
    if (j->high != 0 || c < 0x20)
        return fail(j, "malformed-json");
    if (c != '"') {
        gw_buf_u8(&j->text, c);
        return GW_OK;
    }
    j->state = J_AFTER_TEXT;
    return text_flush(j, true);
}

/* ---- one character in each state ---- */

/* Follows strings and brackets; true when c is outside of both at this level. */
static bool track(struct json_split *j, uint8_t c)
{
    if (j->in_string) {
        if (j->escaped)
            j->escaped = false;
        else if (c == '\\')
            j->escaped = true;
        else if (c == '"')
            j->in_string = false;
        return false;
    }
    if (c == '"') {
        j->in_string = true;
        return false;
    }
    if (c == '{' || c == '[') {
        j->depth++;
        return false;
    }
    if ((c == '}' || c == ']') && j->depth > 0) {
        j->depth--;
        return false;
    }
    return j->depth == 0;
}

static enum gw_status record_end(struct json_split *j, uint64_t to)
{
    while (to > j->from && blank(j->queue.bytes.ptr[to - 1 - j->queue.base]))
        to--;
    j->in_record = false;
    if (to - j->from > GW_FORMAT_MAX_RECORD)
        return fail(j, "message-too-large");
    return gw_split_queue_push(&j->queue, j->from, to);
}

static enum gw_status array_char(struct json_split *j, uint8_t c)
{
    if (!j->in_record) {
        if (blank(c))
            return GW_OK;
        if (c == ']' && !j->any) {
            j->state = J_END;
            return GW_OK;
        }
        if (c == ',' || c == ']' || c == '}')
            return fail(j, "malformed-json");
        j->in_record = true;
        j->any = true;
        j->from = j->pos;
    }
    if (!track(j, c) || (c != ',' && c != ']' && c != '}'))
        return GW_OK;
    if (c == '}')
        return fail(j, "malformed-json");
    GW_TRY(record_end(j, j->pos));
    if (c == ']')
        j->state = J_END;
    return GW_OK;
}

static enum gw_status object_end(struct json_split *j)
{
    j->state = J_END;
    j->in_record = false;
    if (j->saw_rows || j->enveloped)
        return j->code_bad ? fail(j, "upstream-refused") : GW_OK;
    return record_end(j, j->pos + 1);
}

static enum gw_status value_begin(struct json_split *j, uint8_t c)
{
    bool rows = rows_name(j) != NULL && key_is(j, rows_name(j));
    j->value_len = 0;
    j->in_string = false;
    j->escaped = false;
    if (!rows || (c != '[' && c != '{' && c != '"')) {
        j->saw_rows = j->saw_rows || rows;
        j->state = J_SKIP;
        return GW_OK;
    }
    GW_TRY(inner_new(j));
    j->in_record = false; /* an envelope is not kept */
    j->state = c == '"' ? J_ROWS_TEXT : J_ROWS;
    return GW_OK;
}

static enum gw_status skip_char(struct json_split *j, uint8_t c)
{
    if (track(j, c) && (c == ',' || c == '}' || c == ']')) {
        if (c == ']')
            return fail(j, "malformed-json");
        value_end(j);
        j->state = J_KEY;
        return c == '}' ? object_end(j) : GW_OK;
    }
    /* One too many never matches a code. */
    if (j->value_len < sizeof(j->value))
        j->value[j->value_len++] = (char)c;
    return GW_OK;
}

static enum gw_status start_char(struct json_split *j, uint8_t c)
{
    if (c == '[') {
        j->state = J_ARRAY;
        return GW_OK;
    }
    if (c == '{') {
        j->state = J_KEY;
        j->in_record = true;
        j->from = j->pos;
        return GW_OK;
    }
    return fail(j, "malformed-json");
}

static enum gw_status key_char(struct json_split *j, uint8_t c)
{
    if (j->escaped) {
        j->escaped = false;
    } else if (c == '\\') {
        j->escaped = true;
    } else if (c == '"') {
        j->state = J_COLON;
        return GW_OK;
    }
    if (j->key_len < sizeof(j->key))
        j->key[j->key_len++] = (char)c;
    return GW_OK;
}

static enum gw_status structural(struct json_split *j, uint8_t c)
{
    if (blank(c))
        return GW_OK;
    switch (j->state) {
    case J_START:
        return start_char(j, c);
    case J_KEY:
        if (c == '}')
            return object_end(j);
        if (c != '"')
            return fail(j, "malformed-json");
        j->state = J_IN_KEY;
        j->key_len = 0;
        return GW_OK;
    case J_COLON:
        if (c != ':')
            return fail(j, "malformed-json");
        j->state = J_VALUE;
        return GW_OK;
    case J_AFTER_TEXT:
        if (c != ',' && c != '}')
            return fail(j, "malformed-json");
        j->state = J_KEY;
        return c == '}' ? object_end(j) : GW_OK;
    case J_ARRAY:
    case J_IN_KEY:
    case J_VALUE:
    case J_SKIP:
    case J_ROWS:
    case J_ROWS_TEXT:
    case J_END:
        break;
    }
    return fail(j, "malformed-json");
}

/* Most bytes are inside strings of records: over to the next quote or backslash. */
static void skip_string(struct json_split *j)
{
    if (!j->in_string || j->escaped || (j->state != J_ARRAY && j->state != J_ROWS))
        return;
    const uint8_t *p = j->queue.bytes.ptr + (j->pos - j->queue.base);
    const uint8_t *end = j->queue.bytes.ptr + j->queue.bytes.len;
    const uint8_t *from = p;
    while (p < end && *p != '"' && *p != '\\')
        p++;
    j->pos += (uint64_t)(p - from);
}

static enum gw_status scan(struct json_split *j)
{
    uint64_t end = gw_split_queue_end(&j->queue);
    uint64_t rows_from = j->pos;
    for (; j->pos < end; j->pos++) {
        skip_string(j);
        if (j->pos == end)
            break;
        uint8_t c = j->queue.bytes.ptr[j->pos - j->queue.base];
        enum gw_status st = GW_OK;
        switch (j->state) {
        case J_ARRAY:
            st = array_char(j, c);
            break;
        case J_IN_KEY:
            st = key_char(j, c);
            break;
        case J_SKIP:
            st = skip_char(j, c);
            break;
        case J_ROWS_TEXT:
            st = text_char(j, c);
            break;
        case J_VALUE:
            if (blank(c))
                break;
            st = value_begin(j, c);
            rows_from = j->pos;
            if (st == GW_OK && j->state == J_SKIP)
                st = skip_char(j, c);
            else if (st == GW_OK && j->state == J_ROWS)
                track(j, c);
            break;
        case J_ROWS:
            track(j, c);
            if (j->depth == 0 && !j->in_string) {
                size_t at = (size_t)(rows_from - j->queue.base);
                st = inner_feed(
                    j, gw_bytes_make(j->queue.bytes.ptr + at, (size_t)(j->pos + 1 - rows_from)),
                    true);
                j->state = J_AFTER_TEXT;
            }
            break;
        case J_START:
        case J_KEY:
        case J_COLON:
        case J_AFTER_TEXT:
        case J_END:
            st = structural(j, c);
            break;
        }
        if (st != GW_OK) {
            /* The rows before the fault are good, in whatever pieces they came. */
            if (st == GW_INVALID && j->state == J_ROWS_TEXT)
                (void)!text_flush(j, false);
            return st;
        }
    }
    if (j->state == J_ROWS) {
        size_t at = (size_t)(rows_from - j->queue.base);
        return inner_feed(j, gw_bytes_make(j->queue.bytes.ptr + at, (size_t)(end - rows_from)),
                          false);
    }
    return j->state == J_ROWS_TEXT ? text_flush(j, false) : GW_OK;
}

static bool may_end(const struct json_split *j)
{
    return j->state == J_END || (j->level != 0 && j->state == J_START);
}

static enum gw_status feed(struct json_split *j, struct gw_bytes bytes, bool last)
{
    static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
    bool at_start = j->pos == 0 && j->level == 0;
    GW_TRY(gw_split_queue_append(&j->queue, bytes, j->in_record ? j->from : j->pos));
    struct gw_bytes have = gw_buf_view(&j->queue.bytes);
    if (at_start && have.len < sizeof(bom) && !last && (have.len == 0 || have.ptr[0] == bom[0]))
        return GW_OK; /* not enough to know */
    if (at_start && have.len >= sizeof(bom) && memcmp(have.ptr, bom, sizeof(bom)) == 0)
        j->pos = sizeof(bom);
    GW_TRY(scan(j));
    if (j->in_record && gw_split_queue_end(&j->queue) - j->from > GW_FORMAT_MAX_RECORD)
        return fail(j, "message-too-large");
    if (last && !may_end(j))
        return fail(j, "input-truncated");
    j->ended = last;
    return GW_OK;
}

static enum gw_status json_feed(void *impl, struct gw_bytes bytes, bool last,
                                const char **ret_reason)
{
    struct json_split *j = impl;
    enum gw_status st = j->reason != NULL ? GW_INVALID : feed(j, bytes, last);
    *ret_reason = j->reason;
    return st;
}

static enum gw_status json_next(void *impl, struct gw_bytes *ret, const char **ret_reason)
{
    struct json_split *j = impl;
    if (gw_split_queue_pop(&j->queue, ret) == GW_OK)
        return GW_OK;
    if (j->inner != NULL && json_next(j->inner, ret, ret_reason) == GW_OK)
        return GW_OK;
    return j->ended ? GW_NOT_FOUND : GW_AGAIN;
}

const struct gw_split_ops gw_json_split_ops = {json_feed, json_next, json_free};

enum gw_status gw_json_split_new(const struct gw_format *f, struct gw_format_package *p, void **ret)
{
    struct json_split *j = split_new(f, p, 0);
    if (j == NULL)
        return GW_NOMEM;
    *ret = j;
    return GW_OK;
}
