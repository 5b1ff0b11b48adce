/* The fast way through a record in the plain layout: <record>, elements without attributes, text
 * with the five entities of XML at most. Anything else is left to expat (xml.c), which also says
 * what is wrong: this scanner never refuses, it only declines. fuzz_format_xml holds the two
 * against each other. */
#include "base/text.h"
#include "format/format_internal.h"

enum { MAX_PAIRS = GW_FORMAT_MAX_FIELDS + GW_FORMAT_MAX_UNKNOWN };

struct pair {
    struct gw_bytes name, text;
};

struct scan {
    const uint8_t *at, *end;
    struct gw_arena *arena;
    struct pair pair[MAX_PAIRS];
    size_t count;
};

static void skip_blanks(struct scan *s)
{
    while (s->at < s->end && gw_format_is_blank(*s->at))
        s->at++;
}

static bool take(struct scan *s, const char *text, size_t len)
{
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0)
        return false;
    s->at += len;
    return true;
}

/* The name of a start tag that has nothing but its name. */
static bool take_name(struct scan *s, struct gw_bytes *ret)
{
    const uint8_t *close = memchr(s->at, '>', (size_t)(s->end - s->at));
    if (close == NULL)
        return false;
    *ret = gw_bytes_make(s->at, (size_t)(close - s->at));
    s->at = close + 1;
    return gw_xml_name_ok(*ret);
}

static size_t entity(const uint8_t *p, size_t left, uint8_t *ret)
{
    static const struct {
        const char *text;
        uint8_t len, value;
    } known[] = {{"&amp;", 5, '&'},
                 {"&lt;", 4, '<'},
                 {"&gt;", 4, '>'},
                 {"&quot;", 6, '"'},
                 {"&apos;", 6, '\''}};
    for (size_t i = 0; i < GW_ARRAY_LEN(known); i++) {
        if (left >= known[i].len && memcmp(p, known[i].text, known[i].len) == 0) {
            *ret = known[i].value;
            return known[i].len;
        }
    }
    return 0;
}

static bool unescape(struct scan *s, struct gw_bytes *text)
{
    uint8_t *out = gw_arena_alloc(s->arena, text->len);
    size_t n = 0;
    if (out == NULL)
        return false;
    for (size_t i = 0; i < text->len; n++) {
        if (text->ptr[i] != '&') {
            out[n] = text->ptr[i++];
            continue;
        }
        size_t len = entity(text->ptr + i, text->len - i, &out[n]);
        if (len == 0)
            return false;
        i += len;
    }
    *text = gw_bytes_make(out, n);
    return true;
}

/* Text up to the next tag. A carriage return is normalised by XML, "]]>" is an error: where these
 * may be, it is expat's. */
static bool take_text(struct scan *s, struct gw_bytes *ret)
{
    const uint8_t *stop = memchr(s->at, '<', (size_t)(s->end - s->at));
    if (stop == NULL)
        return false;
    *ret = gw_bytes_make(s->at, (size_t)(stop - s->at));
    s->at = stop;
    if (ret->len == 0)
        return true;
    if (memchr(ret->ptr, '\r', ret->len) != NULL || memchr(ret->ptr, ']', ret->len) != NULL)
        return false;
    return memchr(ret->ptr, '&', ret->len) == NULL || unescape(s, ret);
}

static bool take_element(struct scan *s)
{
    struct pair *p = &s->pair[s->count];
    if (s->count == MAX_PAIRS || !take(s, "<", 1) || !take_name(s, &p->name) ||
        !take_text(s, &p->text))
        return false;
    if (!take(s, "</", 2) || !take(s, (const char *)p->name.ptr, p->name.len) || !take(s, ">", 1))
        return false;
    s->count++;
    return true;
}

static bool scan_record(struct scan *s, const char *record, size_t record_len)
{
    skip_blanks(s);
    if (!take(s, "<", 1) || !take(s, record, record_len) || !take(s, ">", 1))
        return false;
    for (;;) {
        skip_blanks(s);
        if (s->end - s->at < 2)
            return false;
        if (s->at[1] == '/')
            break;
        if (!take_element(s))
            return false;
    }
    if (!take(s, "</", 2) || !take(s, record, record_len) || !take(s, ">", 1))
        return false;
    skip_blanks(s);
    return s->at == s->end;
}

bool gw_xml_scan(struct gw_bytes bytes, struct gw_slots *slots)
{
    struct scan s;
    s.at = bytes.ptr;
    s.end = bytes.len != 0 ? bytes.ptr + bytes.len : bytes.ptr;
    s.arena = slots->arena;
    s.count = 0;
    if (bytes.len == 0 || !scan_record(&s, slots->format->record, strlen(slots->format->record)))
        return false;
    if (gw_text_has_control(bytes) || !gw_utf8_valid(bytes))
        return false;
    for (size_t i = 0; i < s.count; i++)
        gw_slots_put(slots, s.pair[i].name, s.pair[i].text, GW_FORM_TEXT);
    return true;
}
