/* The JSON codec of one record: a flat object in table order. Parsing is simdjson's (json.h).
 * Packages of records are split in json_split.c. */
#include "format/json.h"

#include "base/text.h"
#include "format/format_internal.h"

struct reading {
    struct gw_slots *slots;
};

static void on_member(void *user, const char *name, size_t name_len, const char *text,
                      size_t text_len, enum gw_json_kind kind)
{
    struct reading *r = user;
    struct gw_slots *s = r->slots;
    struct gw_bytes n = gw_bytes_make(name, name_len);
    enum gw_form form = kind == GW_JSON_STRING ? GW_FORM_TEXT
                        : kind == GW_JSON_NULL ? GW_FORM_NULL
                                               : GW_FORM_TOKEN;
    int i = gw_format_field_find(s->format, n, s->expect);
    if (i >= 0 && form == GW_FORM_TOKEN && (text[0] == '{' || text[0] == '[') &&
        !s->format->field[i].structured) {
        s->seen++;
        gw_report_add(s->report, GW_PROBLEM_ERROR, "value-type", s->format->field[i].cname,
                      "expected", "string", NULL);
        return;
    }
    gw_slots_put(s, n, gw_bytes_make(text, text_len), form);
}

enum gw_status gw_json_read(struct gw_bytes bytes, struct gw_slots *s)
{
    uint8_t *padded = gw_arena_alloc(s->arena, bytes.len + GW_JSON_PADDING);
    if (padded == NULL)
        return GW_NOMEM;
    if (bytes.len != 0)
        memcpy(padded, bytes.ptr, bytes.len);
    memset(padded + bytes.len, 0, GW_JSON_PADDING);
    struct reading r = {.slots = s};
    const char *reason = gw_json_object_read(padded, bytes.len, GW_FORMAT_MAX_DEPTH, on_member, &r);
    if (reason == NULL)
        return GW_OK;
    gw_report_add(s->report, GW_PROBLEM_ERROR, reason, "", "max", "16", NULL);
    return GW_INVALID;
}

struct token_check {
    struct gw_bytes want;
    unsigned seen;
    bool same;
};

static void on_token(void *user, const char *name, size_t name_len, const char *text,
                     size_t text_len, enum gw_json_kind kind)
{
    struct token_check *c = user;
    (void)name;
    (void)name_len;
    c->seen++;
    c->same = kind != GW_JSON_STRING && gw_bytes_eq(c->want, gw_bytes_make(text, text_len));
}

bool gw_json_token_ok(struct gw_bytes text, struct gw_arena *arena)
{
    static const char head[] = "{\"x\":";
    size_t len = sizeof(head) - 1 + text.len + 1;
    if (text.len == 0 || text.len > GW_FORMAT_MAX_RECORD)
        return false;
    uint8_t *mem = gw_arena_calloc(arena, 1, len + GW_JSON_PADDING);
    if (mem == NULL)
        return false;
    memcpy(mem, head, sizeof(head) - 1);
    memcpy(mem + sizeof(head) - 1, text.ptr, text.len);
    mem[len - 1] = '}';
    struct token_check c = {.want = text};
    return gw_json_object_read(mem, len, GW_FORMAT_MAX_DEPTH, on_token, &c) == NULL &&
           c.seen == 1 && c.same;
}

/* ---- writing ---- */

static void put_member(struct gw_buf *ret, bool *first, struct gw_bytes name, struct gw_bytes text,
                       enum gw_form form)
{
    if (form == GW_FORM_OMITTED)
        return;
    if (!*first)
        gw_buf_u8(ret, ',');
    *first = false;
    gw_json_put_string_named(ret, name);
    gw_buf_u8(ret, ':');
    switch (form) {
    case GW_FORM_TEXT:
        gw_json_put_string_named(ret, text);
        break;
    case GW_FORM_TOKEN:
        gw_buf_bytes(ret, text);
        break;
    case GW_FORM_NULL:
        gw_buf_str(ret, "null");
        break;
    case GW_FORM_EMPTY:
        gw_buf_str(ret, "\"\"");
        break;
    case GW_FORM_OMITTED:
    case GW_FORM_COUNT:
        break;
    }
}

void gw_json_write(const struct gw_slots *s, struct gw_buf *ret)
{
    const struct gw_format *f = s->format;
    bool first = true;
    gw_buf_u8(ret, '{');
    for (size_t i = 0; i < f->field_count; i++)
        put_member(ret, &first, f->field[i].name, s->slot[i].text, s->slot[i].form);
    for (size_t i = 0; i < s->unknown_count; i++)
        put_member(ret, &first, s->unknown[i].name, s->unknown[i].text, s->unknown[i].form);
    gw_buf_u8(ret, '}');
}
