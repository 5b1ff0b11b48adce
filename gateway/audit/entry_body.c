/* Bodies: an entry without what the sequencer adds (version, seq, time_us, prev). A caller encodes
 * and checks the body on its own thread, so that the one sequencer only writes a short header
 * before it. */
#include "audit/entry.h"
#include "base/clock.h"
#include "base/cursor.h"

enum {
    TAG_VERSION = 0x08,
    TAG_SEQ = 0x10,
    TAG_TIME = 0x18,
    TAG_KIND = 0x20,
    TAG_PREV = 0x2a,
    HEADER_FIELDS = 0x3f
};

#define BODY_FIELDS (~(uint64_t)HEADER_FIELDS)
_Static_assert(GW_AF_PREV == 5, "the header is fields 1 to 5");

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static int number(const uint8_t *p, size_t len)
{
    int v = 0;
    for (size_t i = 0; i < len; i++)
        v = v * 10 + (p[i] - '0');
    return v;
}

/* GB 11643-1999: date of birth at 6..13, check character (ISO 7064 MOD 11-2) at the end. */
static bool resident_number(const uint8_t *p)
{
    static const uint8_t weight[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static const char check[] = "10X98765432";
    int year = number(p + 6, 4);
    struct gw_date born = {(int16_t)year, (uint8_t)number(p + 10, 2), (uint8_t)number(p + 12, 2)};
    if (year < 1800 || year > 2200 || !gw_date_valid(born))
        return false;
    unsigned sum = 0;
    for (size_t i = 0; i < 17; i++)
        sum += (unsigned)(p[i] - '0') * weight[i];
    uint8_t last = p[17] == 'x' ? 'X' : p[17];
    return last == (uint8_t)check[sum % 11];
}

/* 11 digits from 13 to 19, alone or behind 86 or 0086. */
static bool mobile_number(const uint8_t *run, size_t len)
{
    if (len == 15 && memcmp(run, "0086", 4) == 0) {
        run += 4;
        len -= 4;
    } else if (len == 13 && memcmp(run, "86", 2) == 0) {
        run += 2;
        len -= 2;
    }
    return len == 11 && run[0] == '1' && run[1] >= '3';
}

bool gw_audit_pii_found(struct gw_bytes s)
{
    for (size_t i = 0; i < s.len;) {
        if (!is_digit(s.ptr[i])) {
            i++;
            continue;
        }
        size_t end = i;
        while (end < s.len && is_digit(s.ptr[end]))
            end++;
        size_t len = end - i;
        if (mobile_number(s.ptr + i, len))
            return true;
        /* One more character may be the check character X. */
        size_t reach = end < s.len && (s.ptr[end] == 'X' || s.ptr[end] == 'x') ? len + 1 : len;
        for (size_t at = 0; at + 18 <= reach; at++) {
            if (resident_number(s.ptr + i + at))
                return true;
        }
        i = end;
    }
    return false;
}

static bool redact(struct gw_audit_entry *e)
{
    bool hit = false;
    for (uint64_t left = e->set & BODY_FIELDS; left != 0; left &= left - 1) {
        unsigned f = (unsigned)__builtin_ctzll(left);
        if (f >= GW_AF_COUNT)
            break;
        enum gw_audit_field_type type = gw_audit_fields[f].type;
        if ((type == GW_AUDIT_STR || type == GW_AUDIT_CODE) && gw_audit_pii_found(e->str[f])) {
            e->str[f] = GW_BYTES_LIT("redacted");
            hit = true;
        }
    }
    return hit;
}

enum gw_status gw_audit_body_encode(struct gw_audit_entry *e, struct gw_buf *ret,
                                    bool *ret_redacted)
{
    bool redacted = redact(e);
    GW_TRY(gw_audit_entry_check_kind(e));
    uint8_t room[GW_AUDIT_BODY_MAX];
    struct gw_buf b;
    gw_buf_init_fixed(&b, room, sizeof(room));
    gw_buf_u8(&b, (uint8_t)e->num[GW_AF_KIND]);
    GW_TRY(gw_audit_entry_put_fields(e, BODY_FIELDS, &b));
    GW_TRY(gw_buf_failed(&b));
    gw_buf_bytes(ret, gw_buf_view(&b));
    GW_TRY(gw_buf_failed(ret));
    *ret_redacted = redacted;
    return GW_OK;
}

enum gw_status gw_audit_body_check(struct gw_bytes body)
{
    if (body.len == 0 || body.len > GW_AUDIT_BODY_MAX)
        return GW_INVALID;
    struct gw_audit_entry e;
    memset(&e, 0, sizeof(e));
    e.num[GW_AF_KIND] = body.ptr[0];
    struct gw_bytes fields = {body.ptr + 1, body.len - 1};
    if (gw_audit_entry_take_fields(fields, BODY_FIELDS, &e) != GW_OK)
        return GW_INVALID;
    return gw_audit_entry_check_kind(&e);
}

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

size_t gw_audit_body_complete(uint8_t *out, struct gw_bytes body, uint64_t seq, int64_t time_us,
                              const struct gw_hash *prev)
{
    uint8_t *p = out;
    *p++ = TAG_VERSION;
    *p++ = 1;
    *p++ = TAG_SEQ;
    p = put_varint(p, seq);
    *p++ = TAG_TIME;
    p = put_varint(p, (uint64_t)time_us);
    *p++ = TAG_KIND;
    *p++ = body.ptr[0];
    if (prev != NULL) {
        *p++ = TAG_PREV;
        *p++ = sizeof(*prev);
        memcpy(p, prev, sizeof(*prev));
        p += sizeof(*prev);
    }
    memcpy(p, body.ptr + 1, body.len - 1);
    return (size_t)(p - out) + body.len - 1;
}

bool gw_audit_body_matches(struct gw_bytes entry, struct gw_bytes body)
{
    struct gw_cursor c = gw_cursor_make(entry);
    uint64_t kind = 0;
    for (unsigned f = GW_AF_VERSION; f <= GW_AF_KIND; f++) {
        uint64_t tag;
        if (gw_cursor_varint(&c, &tag) != GW_OK || tag != f << 3 ||
            gw_cursor_varint(&c, &kind) != GW_OK)
            return false;
    }
    struct gw_bytes prev;
    if (gw_cursor_left(&c) != 0 && *c.ptr == TAG_PREV &&
        gw_cursor_take(&c, 2 + GW_SHA256_LEN, &prev) != GW_OK)
        return false;
    if (body.len == 0 || kind != body.ptr[0])
        return false;
    struct gw_bytes rest = {c.ptr, gw_cursor_left(&c)};
    return gw_bytes_eq(rest, (struct gw_bytes){body.ptr + 1, body.len - 1});
}

struct gw_bytes gw_audit_body_event(uint8_t *room, size_t size, enum gw_audit_kind kind,
                                    const char *event, const char *text, const struct gw_hash *hash,
                                    uint64_t ref_seq)
{
    struct gw_audit_entry e;
    gw_audit_entry_init(&e, kind);
    gw_audit_set_bytes(&e, GW_AF_EVENT, gw_bytes_str(event));
    if (hash != NULL)
        gw_audit_set_bytes(&e, GW_AF_EVENT_HASH, gw_bytes_make(hash, sizeof(*hash)));
    if (text != NULL)
        gw_audit_set_bytes(&e, GW_AF_EVENT_TEXT, gw_bytes_str(text));
    if (ref_seq != UINT64_MAX)
        gw_audit_set_num(&e, GW_AF_REF_SEQ, ref_seq);
    struct gw_buf b;
    gw_buf_init_fixed(&b, room, size);
    bool redacted;
    if (GW_BUG_ON(gw_audit_body_encode(&e, &b, &redacted) != GW_OK))
        return GW_BYTES_NONE;
    return gw_buf_view(&b);
}
