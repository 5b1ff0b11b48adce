/* C2SP signed notes and verifier keys (SPEC 7.2, 9.1): Ed25519 lines and Ed25519 cosignatures.
 * Lines of other algorithms are lines of unknown keys here. What a checkpoint's three lines mean is
 * checkpoint.c. */
#include "audit/audit_internal.h"

#include "base/cursor.h"
#include "base/text.h"

enum { TYPE_ED25519 = 1, TYPE_COSIGNATURE = 4, KEY_ID = 4, SIGNATURE_MAX = 4096 };

static const struct gw_bytes dash = GW_BYTES_LIT("\xe2\x80\x94 ");

static bool name_ok(struct gw_bytes name)
{
    if (name.len == 0 || name.len > GW_AUDIT_ORIGIN_MAX || !gw_utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= 0x20 || name.ptr[i] == 0x7f || name.ptr[i] == '+')
            return false;
    }
    return true;
}

/* H(name || 0x0A || type || public key), its first four bytes; `data` is type and key. */
static void key_id(const char *name, struct gw_bytes data, uint8_t ret[KEY_ID])
{
    struct gw_hash h;
    gw_crypto_sha256(gw_bytes_str(name), GW_BYTES_LIT("\n"), data, &h);
    memcpy(ret, &h, KEY_ID);
}

/* ---- verifier keys ---- */

enum gw_status gw_audit_vkey_parse(struct gw_bytes text, struct gw_audit_vkey *ret)
{
    struct gw_cursor c = gw_cursor_make(text);
    struct gw_bytes name, hex;
    if (gw_cursor_until(&c, '+', &name) != GW_OK || gw_cursor_until(&c, '+', &hex) != GW_OK ||
        !name_ok(name))
        return GW_INVALID;
    uint8_t room[256];
    struct gw_buf data;
    gw_buf_init_fixed(&data, room, sizeof(room));
    struct gw_audit_vkey k = {.type = 0};
    if (hex.len != 2 * KEY_ID || gw_hex_decode(hex, k.id, sizeof(k.id)) != GW_OK ||
        gw_base64_decode(gw_bytes_make(c.ptr, gw_cursor_left(&c)), &data) != GW_OK || data.len < 1)
        return GW_INVALID;
    memcpy(k.name, name.ptr, name.len);
    uint8_t id[KEY_ID];
    key_id(k.name, gw_buf_view(&data), id);
    if (memcmp(id, k.id, sizeof(id)) != 0)
        return GW_INVALID;
    k.type = room[0];
    if (k.type == TYPE_ED25519 || k.type == TYPE_COSIGNATURE) {
        if (data.len != 1 + sizeof(k.pub))
            return GW_INVALID;
        memcpy(k.pub, room + 1, sizeof(k.pub));
    }
    *ret = k;
    return GW_OK;
}

void gw_audit_vkey_make(const char *name, uint8_t type, const uint8_t pub[32],
                        struct gw_audit_vkey *ret)
{
    struct gw_audit_vkey k = {.type = type};
    uint8_t data[33] = {type};
    memcpy(data + 1, pub, 32);
    memcpy(k.pub, pub, 32);
    memcpy(k.name, name, strnlen(name, GW_AUDIT_ORIGIN_MAX));
    key_id(k.name, gw_bytes_make(data, sizeof(data)), k.id);
    *ret = k;
}

void gw_audit_vkey_put(const struct gw_audit_vkey *k, struct gw_buf *ret)
{
    uint8_t data[33] = {k->type};
    memcpy(data + 1, k->pub, 32);
    gw_buf_str(ret, k->name);
    gw_buf_u8(ret, '+');
    gw_hex_put(ret, gw_bytes_make(k->id, sizeof(k->id)));
    gw_buf_u8(ret, '+');
    gw_base64_put(ret, gw_bytes_make(data, sizeof(data)));
}

static struct gw_bytes next_word(struct gw_bytes *line)
{
    size_t from = 0;
    while (from < line->len && (line->ptr[from] == ' ' || line->ptr[from] == '\t'))
        from++;
    size_t to = from;
    while (to < line->len && line->ptr[to] != ' ' && line->ptr[to] != '\t' && line->ptr[to] != '\r')
        to++;
    struct gw_bytes word = {line->ptr + from, to - from};
    line->ptr += to;
    line->len -= to;
    return word;
}

/* The key of a line, empty for lines that hold none. */
static struct gw_bytes key_of_line(struct gw_bytes line)
{
    struct gw_bytes word = next_word(&line);
    if (gw_bytes_eq_str(word, "log"))
        return next_word(&line);
    if (gw_bytes_eq_str(word, "witness")) {
        (void)next_word(&line);
        return next_word(&line);
    }
    if (word.len == 0 || word.ptr[0] == '#' || gw_bytes_eq_str(word, "group") ||
        gw_bytes_eq_str(word, "quorum"))
        return GW_BYTES_NONE;
    return word;
}

enum gw_status gw_audit_vkeys_parse(struct gw_bytes text, struct gw_audit_vkey *ret, size_t max,
                                    size_t *ret_count)
{
    struct gw_cursor c = gw_cursor_make(text);
    size_t n = 0;
    while (gw_cursor_left(&c) != 0) {
        struct gw_bytes line;
        if (gw_cursor_until(&c, '\n', &line) != GW_OK)
            GW_TRY(gw_cursor_take(&c, gw_cursor_left(&c), &line));
        struct gw_bytes key = key_of_line(line);
        if (key.len == 0)
            continue;
        if (n == max)
            return GW_TOO_LARGE;
        GW_TRY(gw_audit_vkey_parse(key, &ret[n]));
        n++;
    }
    *ret_count = n;
    return GW_OK;
}

/* ---- notes ---- */

enum gw_status gw_audit_note_split(struct gw_bytes note, struct gw_bytes *ret_text,
                                   struct gw_bytes *ret_lines)
{
    if (note.len > GW_AUDIT_NOTE_MAX || note.len < 2 || note.ptr[note.len - 1] != '\n' ||
        !gw_utf8_valid(note))
        return GW_INVALID;
    size_t split = 0;
    for (size_t i = 0; i < note.len; i++) {
        if ((note.ptr[i] < 0x20 && note.ptr[i] != '\n') || note.ptr[i] == 0x7f)
            return GW_INVALID;
        if (i != 0 && note.ptr[i] == '\n' && note.ptr[i - 1] == '\n')
            split = i;
    }
    if (split == 0 || split + 1 == note.len)
        return GW_INVALID;
    *ret_text = gw_bytes_make(note.ptr, split);
    *ret_lines = gw_bytes_make(note.ptr + split + 1, note.len - split - 1);
    return GW_OK;
}

static bool cosignature_good(const struct gw_audit_vkey *k, struct gw_bytes text,
                             struct gw_bytes sig)
{
    struct gw_cursor c = gw_cursor_make(sig);
    uint64_t t;
    struct gw_bytes rest;
    if (gw_cursor_u64be(&c, &t) != GW_OK || t > INT64_MAX ||
        gw_cursor_take(&c, GW_ED25519_SIG_LEN, &rest) != GW_OK || gw_cursor_left(&c) != 0)
        return false;
    struct gw_buf m;
    gw_buf_init(&m, GW_AUDIT_NOTE_MAX + 64);
    gw_buf_printf(&m, "cosignature/v1\ntime %llu\n", (unsigned long long)t);
    gw_buf_bytes(&m, text);
    bool good =
        gw_buf_failed(&m) == GW_OK && gw_crypto_verify(k->pub, gw_buf_view(&m), rest) == GW_OK;
    gw_buf_fini(&m);
    return good;
}

static enum gw_status verify_line(struct gw_bytes line, struct gw_bytes text,
                                  const struct gw_audit_vkey *keys, size_t count,
                                  uint64_t *signed_by)
{
    if (!gw_bytes_has_prefix(line, dash))
        return GW_INVALID;
    struct gw_cursor c = gw_cursor_make(gw_bytes_make(line.ptr + dash.len, line.len - dash.len));
    struct gw_bytes name;
    if (gw_cursor_until(&c, ' ', &name) != GW_OK || !name_ok(name))
        return GW_INVALID;
    uint8_t room[SIGNATURE_MAX];
    struct gw_buf data;
    gw_buf_init_fixed(&data, room, sizeof(room));
    if (gw_base64_decode(gw_bytes_make(c.ptr, gw_cursor_left(&c)), &data) != GW_OK ||
        data.len <= KEY_ID)
        return GW_INVALID;
    struct gw_bytes sig = gw_bytes_make(room + KEY_ID, data.len - KEY_ID);
    for (size_t i = 0; i < count && i < 64; i++) {
        const struct gw_audit_vkey *k = &keys[i];
        if (!gw_bytes_eq_str(name, k->name) || memcmp(room, k->id, KEY_ID) != 0)
            continue;
        bool good = true;
        if (*signed_by >> i & 1u)
            break;
        if (k->type == TYPE_ED25519)
            good = gw_crypto_verify(k->pub, text, sig) == GW_OK;
        else if (k->type == TYPE_COSIGNATURE)
            good = cosignature_good(k, text, sig);
        else
            break;
        if (!good)
            return GW_CORRUPT;
        *signed_by |= UINT64_C(1) << i;
        break;
    }
    return GW_OK;
}

enum gw_status gw_audit_note_verify(struct gw_bytes text, struct gw_bytes lines,
                                    const struct gw_audit_vkey *keys, size_t count,
                                    uint64_t *ret_signed)
{
    struct gw_cursor c = gw_cursor_make(lines);
    uint64_t signed_by = 0;
    unsigned n = 0;
    while (gw_cursor_left(&c) != 0) {
        struct gw_bytes line;
        if (++n > GW_AUDIT_SIGNATURES_MAX || gw_cursor_until(&c, '\n', &line) != GW_OK)
            return GW_INVALID;
        GW_TRY(verify_line(line, text, keys, count, &signed_by));
    }
    *ret_signed = signed_by;
    return GW_OK;
}
