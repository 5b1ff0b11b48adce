/* Follows the characters of JSON as far as splitting needs: only brackets, strings and the members
 * of an envelope are looked at. Each record is parsed for good by its codec. */
#include "base/text.h"
#include "format/json_split.h"

static bool key_is(const struct gw_json_split *j, const char *name)
{
    return name != NULL && j->key_len == strlen(name) && memcmp(j->key, name, j->key_len) == 0;
}

static const char *rows_name(const struct gw_json_split *j)
{
    return j->level == 0 ? j->format->envelope.rows : j->format->envelope.inner_rows;
}

/* ---- values of the envelope that matter ---- */

static void value_end(struct gw_json_split *j)
{
    struct gw_bytes v = gw_bytes_make(j->value, j->value_len);
    while (v.len != 0 && gw_format_is_blank(v.ptr[v.len - 1]))
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

/* ---- rows that are a string ---- */

static enum gw_status text_flush(struct gw_json_split *j, bool last)
{
    GW_TRY(gw_buf_failed(&j->text.text));
    GW_TRY(gw_json_split_inner_feed(j, gw_buf_view(&j->text.text), last));
    gw_buf_reset(&j->text.text);
    return GW_OK;
}

static enum gw_status text_char(struct gw_json_split *j, uint8_t c)
{
    bool end = false;
    if (gw_json_unescape(&j->text, c, &end) != GW_OK)
        return gw_json_split_fail(j, "malformed-json");
    if (!end)
        return GW_OK;
    j->state = GW_JSON_SPLIT_AFTER_TEXT;
    return text_flush(j, true);
}

/* ---- one character in each state ---- */

/* Follows strings and brackets; true when c is outside of both at this level. */
static bool track(struct gw_json_split *j, uint8_t c)
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

static enum gw_status record_end(struct gw_json_split *j, uint64_t to)
{
    while (to > j->from && gw_format_is_blank(j->queue.bytes.ptr[to - 1 - j->queue.base]))
        to--;
    j->in_record = false;
    if (to - j->from > GW_FORMAT_MAX_RECORD)
        return gw_json_split_fail(j, "message-too-large");
    return gw_split_queue_push(&j->queue, j->from, to);
}

static enum gw_status array_char(struct gw_json_split *j, uint8_t c)
{
    if (!j->in_record) {
        if (gw_format_is_blank(c))
            return GW_OK;
        if (c == ']' && !j->any) {
            j->state = GW_JSON_SPLIT_END;
            return GW_OK;
        }
        if (c == ',' || c == ']' || c == '}')
            return gw_json_split_fail(j, "malformed-json");
        j->in_record = true;
        j->any = true;
        j->from = j->pos;
    }
    if (!track(j, c) || (c != ',' && c != ']' && c != '}'))
        return GW_OK;
    if (c == '}')
        return gw_json_split_fail(j, "malformed-json");
    GW_TRY(record_end(j, j->pos));
    if (c == ']')
        j->state = GW_JSON_SPLIT_END;
    return GW_OK;
}

static enum gw_status object_end(struct gw_json_split *j)
{
    j->state = GW_JSON_SPLIT_END;
    j->in_record = false;
    if (j->saw_rows || j->enveloped)
        return j->code_bad ? gw_json_split_fail(j, "upstream-refused") : GW_OK;
    return record_end(j, j->pos + 1);
}

static enum gw_status value_begin(struct gw_json_split *j, uint8_t c)
{
    bool rows = rows_name(j) != NULL && key_is(j, rows_name(j));
    j->value_len = 0;
    j->in_string = false;
    j->escaped = false;
    if (!rows || (c != '[' && c != '{' && c != '"')) {
        j->saw_rows = j->saw_rows || rows;
        j->state = GW_JSON_SPLIT_SKIP;
        return GW_OK;
    }
    GW_TRY(gw_json_split_inner_new(j));
    j->in_record = false; /* an envelope is not kept */
    j->state = c == '"' ? GW_JSON_SPLIT_ROWS_TEXT : GW_JSON_SPLIT_ROWS;
    return GW_OK;
}

static enum gw_status skip_char(struct gw_json_split *j, uint8_t c)
{
    if (track(j, c) && (c == ',' || c == '}' || c == ']')) {
        if (c == ']')
            return gw_json_split_fail(j, "malformed-json");
        value_end(j);
        j->state = GW_JSON_SPLIT_KEY;
        return c == '}' ? object_end(j) : GW_OK;
    }
    /* One too many never matches a code. */
    if (j->value_len < sizeof(j->value))
        j->value[j->value_len++] = (char)c;
    return GW_OK;
}

static enum gw_status start_char(struct gw_json_split *j, uint8_t c)
{
    if (c == '[') {
        j->state = GW_JSON_SPLIT_ARRAY;
        return GW_OK;
    }
    if (c == '{') {
        j->state = GW_JSON_SPLIT_KEY;
        j->in_record = true;
        j->from = j->pos;
        return GW_OK;
    }
    return gw_json_split_fail(j, "malformed-json");
}

static enum gw_status key_char(struct gw_json_split *j, uint8_t c)
{
    if (j->escaped) {
        j->escaped = false;
    } else if (c == '\\') {
        j->escaped = true;
    } else if (c == '"') {
        j->state = GW_JSON_SPLIT_COLON;
        return GW_OK;
    }
    if (j->key_len < sizeof(j->key))
        j->key[j->key_len++] = (char)c;
    return GW_OK;
}

static enum gw_status structural(struct gw_json_split *j, uint8_t c)
{
    if (gw_format_is_blank(c))
        return GW_OK;
    switch (j->state) {
    case GW_JSON_SPLIT_START:
        return start_char(j, c);
    case GW_JSON_SPLIT_KEY:
        if (c == '}')
            return object_end(j);
        if (c != '"')
            return gw_json_split_fail(j, "malformed-json");
        j->state = GW_JSON_SPLIT_IN_KEY;
        j->key_len = 0;
        return GW_OK;
    case GW_JSON_SPLIT_COLON:
        if (c != ':')
            return gw_json_split_fail(j, "malformed-json");
        j->state = GW_JSON_SPLIT_VALUE;
        return GW_OK;
    case GW_JSON_SPLIT_AFTER_TEXT:
        if (c != ',' && c != '}')
            return gw_json_split_fail(j, "malformed-json");
        j->state = GW_JSON_SPLIT_KEY;
        return c == '}' ? object_end(j) : GW_OK;
    case GW_JSON_SPLIT_ARRAY:
    case GW_JSON_SPLIT_IN_KEY:
    case GW_JSON_SPLIT_VALUE:
    case GW_JSON_SPLIT_SKIP:
    case GW_JSON_SPLIT_ROWS:
    case GW_JSON_SPLIT_ROWS_TEXT:
    case GW_JSON_SPLIT_END:
        break;
    }
    return gw_json_split_fail(j, "malformed-json");
}

/* Most bytes are inside strings of records: over to the next quote or backslash. */
static void skip_string(struct gw_json_split *j)
{
    if (!j->in_string || j->escaped ||
        (j->state != GW_JSON_SPLIT_ARRAY && j->state != GW_JSON_SPLIT_ROWS))
        return;
    const uint8_t *p = j->queue.bytes.ptr + (j->pos - j->queue.base);
    const uint8_t *end = j->queue.bytes.ptr + j->queue.bytes.len;
    const uint8_t *from = p;
    while (p < end && *p != '"' && *p != '\\')
        p++;
    j->pos += (uint64_t)(p - from);
}

enum gw_status gw_json_split_scan(struct gw_json_split *j)
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
        case GW_JSON_SPLIT_ARRAY:
            st = array_char(j, c);
            break;
        case GW_JSON_SPLIT_IN_KEY:
            st = key_char(j, c);
            break;
        case GW_JSON_SPLIT_SKIP:
            st = skip_char(j, c);
            break;
        case GW_JSON_SPLIT_ROWS_TEXT:
            st = text_char(j, c);
            break;
        case GW_JSON_SPLIT_VALUE:
            if (gw_format_is_blank(c))
                break;
            st = value_begin(j, c);
            rows_from = j->pos;
            if (st == GW_OK && j->state == GW_JSON_SPLIT_SKIP)
                st = skip_char(j, c);
            else if (st == GW_OK && j->state == GW_JSON_SPLIT_ROWS)
                track(j, c);
            break;
        case GW_JSON_SPLIT_ROWS:
            track(j, c);
            if (j->depth == 0 && !j->in_string) {
                size_t at = (size_t)(rows_from - j->queue.base);
                st = gw_json_split_inner_feed(
                    j, gw_bytes_make(j->queue.bytes.ptr + at, (size_t)(j->pos + 1 - rows_from)),
                    true);
                j->state = GW_JSON_SPLIT_AFTER_TEXT;
            }
            break;
        case GW_JSON_SPLIT_START:
        case GW_JSON_SPLIT_KEY:
        case GW_JSON_SPLIT_COLON:
        case GW_JSON_SPLIT_AFTER_TEXT:
        case GW_JSON_SPLIT_END:
            st = structural(j, c);
            break;
        }
        if (st != GW_OK) {
            /* The rows before the fault are good, in whatever pieces they came. */
            if (st == GW_INVALID && j->state == GW_JSON_SPLIT_ROWS_TEXT)
                (void)!text_flush(j, false);
            return st;
        }
    }
    if (j->state == GW_JSON_SPLIT_ROWS) {
        size_t at = (size_t)(rows_from - j->queue.base);
        return gw_json_split_inner_feed(
            j, gw_bytes_make(j->queue.bytes.ptr + at, (size_t)(end - rows_from)), false);
    }
    return j->state == GW_JSON_SPLIT_ROWS_TEXT ? text_flush(j, false) : GW_OK;
}
