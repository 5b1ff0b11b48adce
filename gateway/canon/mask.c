/* Persons in what is published (formats.md L12): names and numbers masked, data of the body and the
 * sender's own spellings gone. Organisations and their representatives' names stay as they are. */
#include "base/cursor.h"
#include "base/text.h"
#include "canon/canon_internal.h"

enum { MAX_TOLD = 4, MAX_KEPT = 4 };
#define STARS "****"

/* What is masked, wherever it stands. */
struct told {
    struct gw_bytes full;
    const char *masked;
};

struct masking {
    struct gw_arena *arena;
    struct told told[MAX_TOLD];
    size_t count;
};

bool gw_canon_is_masked(struct gw_bytes v)
{
    return v.len >= strlen(STARS) && memmem(v.ptr, v.len, STARS, strlen(STARS)) != NULL;
}

/* The first `count` characters. */
static struct gw_bytes head(struct gw_bytes t, size_t count)
{
    struct gw_cursor c = gw_cursor_make(t);
    uint32_t cp;
    for (size_t i = 0; i < count; i++) {
        if (gw_utf8_next(&c, &cp) != GW_OK)
            return t;
    }
    return gw_bytes_make(t.ptr, t.len - gw_cursor_left(&c));
}

enum gw_status gw_canon_mask_name(struct gw_bytes name, struct gw_buf *ret)
{
    size_t count = gw_utf8_chars(name);
    if (count > 1)
        gw_buf_bytes(ret, head(name, 1));
    for (size_t i = count > 1 ? 1 : 0; i < count; i++)
        gw_buf_u8(ret, '*');
    return gw_buf_failed(ret);
}

enum gw_status gw_canon_mask_number(struct gw_bytes number, struct gw_buf *ret)
{
    if (number.len == 0 || gw_canon_is_masked(number)) {
        gw_buf_bytes(ret, number);
        return gw_buf_failed(ret);
    }
    size_t count = gw_utf8_chars(number);
    size_t kept = count / 4 < MAX_KEPT ? count / 4 : MAX_KEPT;
    struct gw_bytes before_tail = head(number, count - kept);
    gw_buf_bytes(ret, head(number, kept));
    gw_buf_str(ret, STARS);
    gw_buf_append(ret, number.ptr + before_tail.len, number.len - before_tail.len);
    return gw_buf_failed(ret);
}

typedef enum gw_status (*mask_fn)(struct gw_bytes v, struct gw_buf *ret);

/* Masks one text in place, and remembers it. */
static enum gw_status mask_text(struct masking *m, char **at, mask_fn mask)
{
    struct gw_bytes full = gw_bytes_str(*at);
    struct gw_buf b;
    if (full.len == 0)
        return GW_OK;
    gw_buf_init(&b, full.len + sizeof(STARS));
    enum gw_status st = mask(full, &b);
    char *masked = st == GW_OK ? gw_arena_strndup(m->arena, b.ptr, b.len) : NULL;
    gw_buf_fini(&b);
    if (masked == NULL)
        return GW_NOMEM;
    /* One character alone is a word of many texts. */
    if (m->count < MAX_TOLD && gw_utf8_chars(full) > 1 && strcmp(masked, *at) != 0)
        m->told[m->count++] = (struct told){full, masked};
    *at = masked;
    return GW_OK;
}

static enum gw_status mask_document(struct masking *m, Xinqiao__V1__IdentityDocument *d)
{
    return d != NULL ? mask_text(m, &d->number, gw_canon_mask_number) : GW_OK;
}

static enum gw_status mask_subject(struct masking *m, Xinqiao__V1__Subject *s)
{
    bool person = s->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON;
    /* A stall that trades under its owner's name. */
    bool own_name = s->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER &&
                    s->name[0] != '\0' && strcmp(s->name, s->legal_rep_name) == 0;
    if (person || own_name)
        GW_TRY(mask_text(m, &s->name, gw_canon_mask_name));
    GW_TRY(mask_document(m, s->document));
    GW_TRY(mask_document(m, s->legal_rep_document));
    if (!person)
        return GW_OK;
    /* A person's tax number is the number of the document; codes of firms name the firm. */
    return mask_text(m, &s->tax_no, gw_canon_mask_number);
}

/* The told text inside another one. */
static enum gw_status replace_told(struct masking *m, const struct told *t, char **at)
{
    struct gw_bytes rest = gw_bytes_str(*at);
    const uint8_t *hit =
        rest.len >= t->full.len ? memmem(rest.ptr, rest.len, t->full.ptr, t->full.len) : NULL;
    if (hit == NULL)
        return GW_OK;
    struct gw_buf b;
    gw_buf_init(&b, rest.len * 2 + 1); /* two characters become four, others grow less */
    for (; hit != NULL; hit = memmem(rest.ptr, rest.len, t->full.ptr, t->full.len)) {
        size_t before = (size_t)(hit - rest.ptr);
        gw_buf_append(&b, rest.ptr, before);
        gw_buf_str(&b, t->masked);
        size_t taken = before + t->full.len;
        rest = gw_bytes_make(rest.ptr + taken, rest.len - taken);
    }
    gw_buf_bytes(&b, rest);
    char *s = gw_buf_failed(&b) == GW_OK ? gw_arena_strndup(m->arena, b.ptr, b.len) : NULL;
    gw_buf_fini(&b);
    if (s == NULL)
        return GW_NOMEM;
    *at = s;
    return GW_OK;
}

static enum gw_status replace_all(struct masking *m, char **at)
{
    for (size_t i = 0; i < m->count; i++)
        GW_TRY(replace_told(m, &m->told[i], at));
    return GW_OK;
}

/* Every text below `msg`; depth is bounded by the schema. */
static enum gw_status walk(struct masking *m, ProtobufCMessage *msg)
{
    for (unsigned i = 0; i < msg->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &msg->descriptor->fields[i];
        if (f->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        if (f->type == PROTOBUF_C_TYPE_STRING)
            GW_TRY(replace_all(m, gw_canon_member(msg, f)));
        ProtobufCMessage *sub = f->type == PROTOBUF_C_TYPE_MESSAGE ? gw_canon_sub(msg, f) : NULL;
        if (sub != NULL)
            GW_TRY(walk(m, sub));
    }
    return GW_OK;
}

static void clear_body_data(gw_record *r)
{
    if (r->payload_case != XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY || r->list_entry->court == NULL)
        return;
    Xinqiao__V1__CourtDefault *c = r->list_entry->court;
    c->gender = (char *)(uintptr_t)protobuf_c_empty_string;
    c->age = (char *)(uintptr_t)protobuf_c_empty_string;
    c->born_on = NULL;
}

enum gw_status gw_canon_mask(gw_record *r, struct gw_arena *a)
{
    struct masking m = {.arena = a};
    if (r->subject != NULL)
        GW_TRY(mask_subject(&m, r->subject));
    GW_TRY(walk(&m, &r->base));
    clear_body_data(r);
    r->n_extension = 0;
    r->extension = NULL;
    return GW_OK;
}
