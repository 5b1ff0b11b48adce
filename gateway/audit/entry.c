/* The entry under the strict profile (SPEC 4.2 to 4.4): one table of fields, one of kinds, both
 * ways. Bytes that are not what the encoder would write are refused. Bodies (what the sequencer
 * completes) are in entry_body.c. */
#include "audit/entry.h"

#include "base/cursor.h"
#include "base/text.h"

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

const struct gw_audit_field_row gw_audit_fields[GW_AF_COUNT] = {
#define GW_AUDIT_FIELD(id, text, kind, least, most)                                                \
    [GW_AF_##id] = {text, GW_AUDIT_##kind, least, most},
#include "audit/entry_fields.def"
#undef GW_AUDIT_FIELD
};

#define F(id) (UINT64_C(1) << GW_AF_##id)

/* What a kind asks for beyond the header (SPEC 4.3). */
static const uint64_t required[GW_AUDIT_ALARM + 1] = {
    [GW_AUDIT_OPEN] = F(EVENT) | F(EVENT_TEXT),
    [GW_AUDIT_EXCHANGE] = F(EXCHANGE_ID) | F(DIRECTION) | F(PHASE) | F(PEER_ID) | F(PEER_SPKI) |
                          F(METHOD) | F(PURPOSE) | F(LEGAL_BASIS) | F(HASH_SUITE) | F(DECISION) |
                          F(REASON) | F(POLICY) | F(STATUS),
    [GW_AUDIT_KEY] = F(EVENT) | F(EVENT_HASH),
    [GW_AUDIT_CONFIG] = F(EVENT) | F(EVENT_HASH),
    [GW_AUDIT_RECOVERY] = F(EVENT),
    [GW_AUDIT_ANCHOR] = F(EVENT) | F(EVENT_HASH),
    [GW_AUDIT_ERASE] = F(EVENT) | F(REASON),
    [GW_AUDIT_ACCESS] = F(EVENT) | F(ACTOR) | F(EVENT_TEXT),
    [GW_AUDIT_CLOSE] = F(EVENT) | F(EVENT_TEXT),
    [GW_AUDIT_ALARM] = F(EVENT),
};

static const uint64_t header = F(VERSION) | F(SEQ) | F(TIME_US) | F(KIND);

const char *gw_audit_field_name(enum gw_audit_field f)
{
    if (f >= GW_AF_COUNT || gw_audit_fields[f].name == NULL)
        return "unknown";
    return gw_audit_fields[f].name;
}

static bool string_ok(struct gw_bytes s)
{
    uint8_t high = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return false;
        high |= s.ptr[i];
    }
    return high < 0x80 || gw_utf8_valid(s);
}

static bool code_ok(struct gw_bytes s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-')
            return false;
    }
    return true;
}

static bool value_ok(const struct gw_audit_field_row *row, struct gw_bytes v)
{
    if (v.len < row->least || v.len > row->most)
        return false;
    return row->type == GW_AUDIT_CODE ? code_ok(v) : row->type != GW_AUDIT_STR || string_ok(v);
}

/* SPEC 4.3 beyond the mask of required fields. */
static bool kind_ok(const struct gw_audit_entry *e)
{
    switch ((enum gw_audit_kind)e->num[GW_AF_KIND]) {
    case GW_AUDIT_OPEN:
        return gw_bytes_eq_str(e->str[GW_AF_EVENT], "log.open");
    case GW_AUDIT_CLOSE:
        return gw_bytes_eq_str(e->str[GW_AF_EVENT], "log.close");
    case GW_AUDIT_RECOVERY:
        /* 13.2: a carried leaf is told by its hash. */
        return gw_audit_has(e, GW_AF_EVENT_TEXT) ||
               (gw_audit_has(e, GW_AF_EVENT_HASH) &&
                gw_bytes_eq_str(e->str[GW_AF_EVENT], "carried"));
    case GW_AUDIT_ERASE:
        return !gw_bytes_eq_str(e->str[GW_AF_EVENT], "detail") || gw_audit_has(e, GW_AF_REF_SEQ);
    case GW_AUDIT_EXCHANGE:
    case GW_AUDIT_KEY:
    case GW_AUDIT_CONFIG:
    case GW_AUDIT_ANCHOR:
    case GW_AUDIT_ACCESS:
    case GW_AUDIT_ALARM:
        return true;
    default:
        return false;
    }
}

enum gw_status gw_audit_entry_check_kind(const struct gw_audit_entry *e)
{
    uint64_t kind = e->num[GW_AF_KIND];
    if (kind < GW_AUDIT_OPEN || kind > GW_AUDIT_ALARM || (required[kind] & ~e->set) != 0 ||
        !kind_ok(e))
        return GW_INVALID;
    return GW_OK;
}

/* What the header says of itself: entry 0 is OPEN and has no `prev`, all others have one and are
 * not OPEN. */
static enum gw_status check_header(const struct gw_audit_entry *e)
{
    if ((header & ~e->set) != 0)
        return GW_INVALID;
    bool first = e->num[GW_AF_SEQ] == 0;
    if (first != (e->num[GW_AF_KIND] == GW_AUDIT_OPEN) || first == gw_audit_has(e, GW_AF_PREV))
        return GW_INVALID;
    return GW_OK;
}

/* ---- encoding ---- */

static void put_tag(struct gw_buf *b, unsigned field, unsigned wire)
{
    gw_buf_varint(b, (uint64_t)field << 3 | wire);
}

static enum gw_status put_subjects(const struct gw_audit_entry *e, struct gw_buf *b)
{
    if (e->subjects == 0 || e->subjects > GW_ARRAY_LEN(e->subject))
        return GW_INVALID;
    for (size_t i = 0; i < e->subjects; i++) {
        if (i != 0 && memcmp(&e->subject[i - 1], &e->subject[i], sizeof(e->subject[i])) >= 0)
            return GW_INVALID;
        put_tag(b, GW_AF_SUBJECT, WIRE_BYTES);
        gw_buf_varint(b, sizeof(e->subject[i]));
        gw_buf_append(b, &e->subject[i], sizeof(e->subject[i]));
    }
    return GW_OK;
}

enum gw_status gw_audit_entry_put_fields(const struct gw_audit_entry *e, uint64_t which,
                                         struct gw_buf *b)
{
    for (uint64_t left = e->set & which; left != 0; left &= left - 1) {
        unsigned f = (unsigned)__builtin_ctzll(left);
        if (f >= GW_AF_COUNT || gw_audit_fields[f].name == NULL)
            return GW_INVALID;
        const struct gw_audit_field_row *row = &gw_audit_fields[f];
        if (row->type == GW_AUDIT_INT) {
            if (e->num[f] < row->least || e->num[f] > row->most)
                return GW_INVALID;
            put_tag(b, f, WIRE_VARINT);
            gw_buf_varint(b, e->num[f]);
        } else if (row->type == GW_AUDIT_SET) {
            GW_TRY(put_subjects(e, b));
        } else {
            if (!value_ok(row, e->str[f]))
                return GW_INVALID;
            put_tag(b, f, WIRE_BYTES);
            gw_buf_varint(b, e->str[f].len);
            gw_buf_bytes(b, e->str[f]);
        }
    }
    return GW_OK;
}

enum gw_status gw_audit_entry_encode(const struct gw_audit_entry *e, struct gw_buf *ret)
{
    GW_TRY(check_header(e));
    GW_TRY(gw_audit_entry_check_kind(e));
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    struct gw_buf b;
    gw_buf_init_fixed(&b, room, sizeof(room));
    GW_TRY(gw_audit_entry_put_fields(e, UINT64_MAX, &b));
    GW_TRY(gw_buf_failed(&b));
    gw_buf_bytes(ret, gw_buf_view(&b));
    return gw_buf_failed(ret);
}

/* ---- decoding ---- */

static enum gw_status take_subject(struct gw_audit_entry *e, struct gw_bytes v)
{
    if (e->subjects == GW_ARRAY_LEN(e->subject) || v.len != sizeof(e->subject[0]))
        return GW_INVALID;
    if (e->subjects != 0 && memcmp(&e->subject[e->subjects - 1], v.ptr, v.len) >= 0)
        return GW_INVALID;
    memcpy(&e->subject[e->subjects++], v.ptr, v.len);
    return GW_OK;
}

static enum gw_status take_field(struct gw_cursor *c, unsigned f, unsigned wire,
                                 struct gw_audit_entry *e)
{
    const struct gw_audit_field_row *row = &gw_audit_fields[f];
    if (wire != (row->type == GW_AUDIT_INT ? WIRE_VARINT : WIRE_BYTES))
        return GW_INVALID;
    uint64_t v;
    GW_TRY(gw_cursor_varint(c, &v));
    if (row->type == GW_AUDIT_INT) {
        if (v < row->least || v > row->most)
            return GW_INVALID;
        e->num[f] = v;
        return GW_OK;
    }
    if (v > GW_AUDIT_ENTRY_MAX)
        return GW_INVALID;
    struct gw_bytes s;
    GW_TRY(gw_cursor_take(c, (size_t)v, &s));
    if (row->type == GW_AUDIT_SET)
        return take_subject(e, s);
    if (!value_ok(row, s))
        return GW_INVALID;
    e->str[f] = s;
    return GW_OK;
}

enum gw_status gw_audit_entry_take_fields(struct gw_bytes bytes, uint64_t allowed,
                                          struct gw_audit_entry *e)
{
    struct gw_cursor c = gw_cursor_make(bytes);
    unsigned last = 0;
    while (gw_cursor_left(&c) != 0) {
        uint64_t tag;
        GW_TRY(gw_cursor_varint(&c, &tag));
        uint64_t f = tag >> 3;
        if (f >= GW_AF_COUNT || gw_audit_fields[f].name == NULL || (allowed >> f & 1u) == 0)
            return GW_INVALID;
        if (f < last || (f == last && f != GW_AF_SUBJECT))
            return GW_INVALID;
        last = (unsigned)f;
        GW_TRY(take_field(&c, last, (unsigned)(tag & 7u), e));
        e->set |= UINT64_C(1) << f;
    }
    return GW_OK;
}

enum gw_status gw_audit_entry_decode(struct gw_bytes bytes, struct gw_audit_entry *ret)
{
    if (bytes.len == 0 || bytes.len > GW_AUDIT_ENTRY_MAX)
        return GW_INVALID;
    memset(ret, 0, sizeof(*ret));
    GW_TRY(gw_audit_entry_take_fields(bytes, UINT64_MAX, ret));
    GW_TRY(check_header(ret));
    return gw_audit_entry_check_kind(ret);
}

/* ---- setters ---- */

void gw_audit_entry_init(struct gw_audit_entry *e, enum gw_audit_kind kind)
{
    memset(e, 0, sizeof(*e));
    gw_audit_set_num(e, GW_AF_VERSION, 1);
    gw_audit_set_num(e, GW_AF_KIND, (uint64_t)kind);
}

void gw_audit_set_num(struct gw_audit_entry *e, enum gw_audit_field f, uint64_t v)
{
    if (GW_BUG_ON(f >= GW_AF_COUNT || gw_audit_fields[f].type != GW_AUDIT_INT))
        return;
    e->num[f] = v;
    e->set |= UINT64_C(1) << f;
}

void gw_audit_set_bytes(struct gw_audit_entry *e, enum gw_audit_field f, struct gw_bytes v)
{
    if (GW_BUG_ON(f >= GW_AF_COUNT || gw_audit_fields[f].name == NULL ||
                  gw_audit_fields[f].type == GW_AUDIT_INT ||
                  gw_audit_fields[f].type == GW_AUDIT_SET))
        return;
    if (v.len == 0)
        return;
    e->str[f] = v;
    e->set |= UINT64_C(1) << f;
}

enum gw_status gw_audit_add_subject(struct gw_audit_entry *e, const struct gw_hash *pseudonym)
{
    size_t at = 0;
    while (at < e->subjects && memcmp(&e->subject[at], pseudonym, sizeof(*pseudonym)) < 0)
        at++;
    if (at < e->subjects && memcmp(&e->subject[at], pseudonym, sizeof(*pseudonym)) == 0)
        return GW_OK;
    if (e->subjects == GW_ARRAY_LEN(e->subject))
        return GW_TOO_LARGE;
    memmove(&e->subject[at + 1], &e->subject[at], (e->subjects - at) * sizeof(e->subject[0]));
    e->subject[at] = *pseudonym;
    e->subjects++;
    e->set |= F(SUBJECT);
    return GW_OK;
}
