/* Paths into the canonical record, compiled against protobuf-c's descriptors: a new field needs no
 * new C. Money, Date, EndDate and Timestamp are values here, not messages to be walked into. */
#include "canon/canon_internal.h"

enum { MAX_STEPS = GW_ARRAY_LEN(((struct gw_canon_path *)0)->step), MAX_NAME = 64 };
#define UTC8_SECONDS 28800
#define DAY_SECONDS  86400

/* What a message-typed leaf is, or -1 for a message that has parts. */
static int value_message(const ProtobufCMessageDescriptor *d)
{
    static const struct {
        const ProtobufCMessageDescriptor *d;
        enum gw_canon_type type;
    } row[] = {
        {&xinqiao__v1__money__descriptor, GW_CANON_MONEY},
        {&xinqiao__v1__date__descriptor, GW_CANON_DATE},
        {&xinqiao__v1__end_date__descriptor, GW_CANON_END_DATE},
        {&google__protobuf__timestamp__descriptor, GW_CANON_TIMESTAMP},
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(row); i++) {
        if (row[i].d == d)
            return (int)row[i].type;
    }
    return -1;
}

static enum gw_status leaf_type(const ProtobufCFieldDescriptor *f, enum gw_canon_type *ret)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        if (f->type != PROTOBUF_C_TYPE_ENUM)
            return GW_UNSUPPORTED;
        *ret = GW_CANON_ENUM_LIST;
        return GW_OK;
    }
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        *ret = GW_CANON_TEXT;
        return GW_OK;
    case PROTOBUF_C_TYPE_BYTES:
        *ret = GW_CANON_BYTES;
        return GW_OK;
    case PROTOBUF_C_TYPE_BOOL:
        *ret = GW_CANON_BOOL;
        return GW_OK;
    case PROTOBUF_C_TYPE_ENUM:
        *ret = GW_CANON_ENUM;
        return GW_OK;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_INT64:
        *ret = GW_CANON_INT;
        return GW_OK;
    case PROTOBUF_C_TYPE_MESSAGE: {
        int type = value_message(f->descriptor);
        if (type < 0)
            return GW_UNSUPPORTED;
        *ret = (enum gw_canon_type)type;
        return GW_OK;
    }
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    default:
        return GW_UNSUPPORTED;
    }
}

static bool has_parts(const ProtobufCFieldDescriptor *f)
{
    return f->type == PROTOBUF_C_TYPE_MESSAGE && f->label != PROTOBUF_C_LABEL_REPEATED &&
           value_message(f->descriptor) < 0;
}

enum gw_status gw_canon_path_compile(const char *text, struct gw_canon_path *ret,
                                     const char **ret_why)
{
    struct gw_canon_path p = {.text = text};
    const ProtobufCMessageDescriptor *d = &xinqiao__v1__record__descriptor;
    const char *part = text;
    for (;;) {
        *ret_why = part;
        size_t len = strcspn(part, ".");
        char name[MAX_NAME];
        if (len == 0 || len >= sizeof(name) || p.depth >= MAX_STEPS)
            return GW_NOT_FOUND;
        memcpy(name, part, len);
        name[len] = '\0';
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field_by_name(d, name);
        if (f == NULL)
            return GW_NOT_FOUND;
        p.step[p.depth] = f;
        if (part[len] == '\0') {
            GW_TRY(leaf_type(f, &p.type));
            if (f->type == PROTOBUF_C_TYPE_ENUM)
                p.enumeration = f->descriptor;
            break;
        }
        if (!has_parts(f))
            return GW_UNSUPPORTED;
        d = f->descriptor;
        part += len + 1;
        p.depth++;
    }
    *ret = p;
    *ret_why = "";
    return GW_OK;
}

ProtobufCMessage *gw_canon_message_new(const ProtobufCMessageDescriptor *d, struct gw_arena *a)
{
    ProtobufCMessage *m = gw_arena_alloc(a, d->sizeof_message);
    if (m != NULL)
        protobuf_c_message_init(d, m);
    return m;
}

/* The sub-message, made when it is not there; GW_CONFLICT when another payload is. */
static enum gw_status sub_make(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                               struct gw_arena *a, ProtobufCMessage **ret)
{
    ProtobufCMessage *sub = gw_canon_sub(m, f);
    if (sub == NULL) {
        if (gw_canon_in_oneof(f) && *(uint32_t *)gw_canon_quantifier(m, f) != 0)
            return GW_CONFLICT;
        sub = gw_canon_message_new(f->descriptor, a);
        if (sub == NULL)
            return GW_NOMEM;
        *(ProtobufCMessage **)gw_canon_member(m, f) = sub;
        if (gw_canon_in_oneof(f))
            *(uint32_t *)gw_canon_quantifier(m, f) = f->id;
    }
    *ret = sub;
    return GW_OK;
}

/* The message that holds the leaf; NULL when one on the way is not set. */
static ProtobufCMessage *holder(const gw_record *r, const struct gw_canon_path *p)
{
    const ProtobufCMessage *m = &r->base;
    for (unsigned i = 0; i < p->depth && m != NULL; i++)
        m = gw_canon_sub(m, p->step[i]);
    return (ProtobufCMessage *)(uintptr_t)m;
}

static void clear(ProtobufCMessage *m, const struct gw_canon_path *p)
{
    const ProtobufCFieldDescriptor *f = p->step[p->depth];
    void *at = gw_canon_member(m, f);
    switch (p->type) {
    case GW_CANON_TEXT:
        *(const char **)at = protobuf_c_empty_string;
        break;
    case GW_CANON_BYTES:
        *(ProtobufCBinaryData *)at = (ProtobufCBinaryData){0, NULL};
        break;
    case GW_CANON_BOOL:
        *(protobuf_c_boolean *)at = 0;
        break;
    case GW_CANON_ENUM:
        *(int32_t *)at = 0;
        break;
    case GW_CANON_INT:
        if (f->type == PROTOBUF_C_TYPE_INT64)
            *(int64_t *)at = 0;
        else
            *(int32_t *)at = 0;
        break;
    case GW_CANON_ENUM_LIST:
        *(size_t *)gw_canon_quantifier(m, f) = 0;
        *(int32_t **)at = NULL;
        break;
    case GW_CANON_MONEY:
    case GW_CANON_DATE:
    case GW_CANON_END_DATE:
    case GW_CANON_TIMESTAMP:
        *(ProtobufCMessage **)at = NULL;
        break;
    }
}

static enum gw_status date_new(struct gw_date d, struct gw_arena *a, Xinqiao__V1__Date **ret)
{
    if (!gw_date_valid(d))
        return GW_INVALID;
    Xinqiao__V1__Date *m =
        (Xinqiao__V1__Date *)gw_canon_message_new(&xinqiao__v1__date__descriptor, a);
    if (m == NULL)
        return GW_NOMEM;
    m->year = d.year;
    m->month = d.month;
    m->day = d.day;
    *ret = m;
    return GW_OK;
}

static enum gw_status end_date_new(const struct gw_canon_value *v, struct gw_arena *a,
                                   Xinqiao__V1__EndDate **ret)
{
    Xinqiao__V1__EndDate *m =
        (Xinqiao__V1__EndDate *)gw_canon_message_new(&xinqiao__v1__end_date__descriptor, a);
    if (m == NULL)
        return GW_NOMEM;
    m->no_end = v->no_end;
    if (!v->no_end)
        GW_TRY(date_new(v->date, a, &m->date));
    *ret = m;
    return GW_OK;
}

static enum gw_status timestamp_new(const struct gw_canon_value *v, struct gw_arena *a,
                                    Google__Protobuf__Timestamp **ret)
{
    if (!gw_date_valid(v->date) || v->second < 0 || v->second >= DAY_SECONDS)
        return GW_INVALID;
    Google__Protobuf__Timestamp *m = (Google__Protobuf__Timestamp *)gw_canon_message_new(
        &google__protobuf__timestamp__descriptor, a);
    if (m == NULL)
        return GW_NOMEM;
    m->seconds = (int64_t)gw_date_to_days(v->date) * DAY_SECONDS + v->second - UTC8_SECONDS;
    *ret = m;
    return GW_OK;
}

static enum gw_status set_text(void *at, struct gw_bytes text, struct gw_arena *a)
{
    /* protobuf-c strings end at the first NUL: what stands behind it would vanish. */
    if (memchr(text.ptr, 0, text.len) != NULL)
        return GW_INVALID;
    char *s = gw_arena_strndup(a, text.ptr, text.len);
    if (s == NULL)
        return GW_NOMEM;
    *(char **)at = s;
    return GW_OK;
}

static enum gw_status set_int(void *at, ProtobufCType type, int64_t num)
{
    switch ((int)type) {
    case PROTOBUF_C_TYPE_INT64:
        *(int64_t *)at = num;
        return GW_OK;
    case PROTOBUF_C_TYPE_UINT32:
        if (num < 0 || num > UINT32_MAX)
            return GW_INVALID;
        *(uint32_t *)at = (uint32_t)num;
        return GW_OK;
    default:
        if (num < INT32_MIN || num > INT32_MAX)
            return GW_INVALID;
        *(int32_t *)at = (int32_t)num;
        return GW_OK;
    }
}

static bool enum_known(const ProtobufCEnumDescriptor *e, int64_t num)
{
    return num >= INT32_MIN && num <= INT32_MAX &&
           protobuf_c_enum_descriptor_get_value(e, (int)num) != NULL;
}

static enum gw_status set_list(ProtobufCMessage *m, const struct gw_canon_path *p,
                               const struct gw_canon_value *v, struct gw_arena *a)
{
    for (size_t i = 0; i < v->list_len; i++) {
        if (!enum_known(p->enumeration, v->list[i]))
            return GW_INVALID;
    }
    int32_t *copy = gw_arena_calloc(a, v->list_len, sizeof(*copy));
    if (copy == NULL)
        return GW_NOMEM;
    memcpy(copy, v->list, v->list_len * sizeof(*copy));
    const ProtobufCFieldDescriptor *f = p->step[p->depth];
    *(int32_t **)gw_canon_member(m, f) = copy;
    *(size_t *)gw_canon_quantifier(m, f) = v->list_len;
    return GW_OK;
}

static enum gw_status set_leaf(ProtobufCMessage *m, const struct gw_canon_path *p,
                               const struct gw_canon_value *v, struct gw_arena *a)
{
    const ProtobufCFieldDescriptor *f = p->step[p->depth];
    void *at = gw_canon_member(m, f);
    switch (p->type) {
    case GW_CANON_TEXT:
        return set_text(at, v->text, a);
    case GW_CANON_BYTES: {
        struct gw_bytes copy = gw_arena_dup(a, v->text);
        if (copy.ptr == NULL)
            return GW_NOMEM;
        *(ProtobufCBinaryData *)at =
            (ProtobufCBinaryData){copy.len, (uint8_t *)(uintptr_t)copy.ptr};
        return GW_OK;
    }
    case GW_CANON_BOOL:
        *(protobuf_c_boolean *)at = v->num != 0;
        return GW_OK;
    case GW_CANON_ENUM:
        if (!enum_known(p->enumeration, v->num))
            return GW_INVALID;
        *(int32_t *)at = (int32_t)v->num;
        return GW_OK;
    case GW_CANON_INT:
        return set_int(at, f->type, v->num);
    case GW_CANON_ENUM_LIST:
        return set_list(m, p, v, a);
    case GW_CANON_MONEY: {
        if (v->num < 0)
            return GW_INVALID;
        Xinqiao__V1__Money *money =
            (Xinqiao__V1__Money *)gw_canon_message_new(&xinqiao__v1__money__descriptor, a);
        if (money == NULL)
            return GW_NOMEM;
        money->fen = v->num;
        *(Xinqiao__V1__Money **)at = money;
        return GW_OK;
    }
    case GW_CANON_DATE:
        return date_new(v->date, a, at);
    case GW_CANON_END_DATE:
        return end_date_new(v, a, at);
    case GW_CANON_TIMESTAMP:
        return timestamp_new(v, a, at);
    }
    return GW_INTERNAL;
}

/* Absent, or the default that proto3 can not tell from absent. */
static bool is_default(const struct gw_canon_path *p, const struct gw_canon_value *v)
{
    if (!v->present)
        return true;
    switch (p->type) {
    case GW_CANON_TEXT:
    case GW_CANON_BYTES:
        return v->text.len == 0;
    case GW_CANON_BOOL:
    case GW_CANON_ENUM:
    case GW_CANON_INT:
        return v->num == 0;
    case GW_CANON_ENUM_LIST:
        return v->list_len == 0;
    case GW_CANON_MONEY:
    case GW_CANON_DATE:
    case GW_CANON_END_DATE:
    case GW_CANON_TIMESTAMP:
        return false;
    }
    return false;
}

enum gw_status gw_canon_set(gw_record *r, const struct gw_canon_path *p,
                            const struct gw_canon_value *v, struct gw_arena *a)
{
    if (is_default(p, v)) {
        ProtobufCMessage *at = holder(r, p);
        if (at != NULL)
            clear(at, p);
        return GW_OK;
    }
    if (GW_BUG_ON(v->type != p->type))
        return GW_INTERNAL;
    ProtobufCMessage *m = &r->base;
    for (unsigned i = 0; i < p->depth; i++)
        GW_TRY(sub_make(m, p->step[i], a, &m));
    return set_leaf(m, p, v, a);
}

static void get_date(const Xinqiao__V1__Date *d, struct gw_canon_value *ret)
{
    ret->present = d != NULL && gw_canon_date_ok(d);
    if (ret->present)
        ret->date = (struct gw_date){(int16_t)d->year, (uint8_t)d->month, (uint8_t)d->day};
}

static void get_end_date(const Xinqiao__V1__EndDate *e, struct gw_canon_value *ret)
{
    if (e == NULL || !gw_canon_end_date_ok(e))
        return;
    ret->present = true;
    ret->no_end = e->no_end;
    if (!e->no_end)
        get_date(e->date, ret);
}

static void get_timestamp(const Google__Protobuf__Timestamp *t, struct gw_canon_value *ret)
{
    if (t == NULL || !gw_canon_timestamp_ok(t))
        return;
    ret->date = gw_date_at_utc8(t->seconds * GW_USEC_PER_SEC);
    ret->second =
        (int32_t)((t->seconds + UTC8_SECONDS) - (int64_t)gw_date_to_days(ret->date) * DAY_SECONDS);
    ret->present = true;
}

static int64_t get_int(const void *at, ProtobufCType type)
{
    switch ((int)type) {
    case PROTOBUF_C_TYPE_INT64:
        return *(const int64_t *)at;
    case PROTOBUF_C_TYPE_UINT32:
        return *(const uint32_t *)at;
    default:
        return *(const int32_t *)at;
    }
}

void gw_canon_get(const gw_record *r, const struct gw_canon_path *p, struct gw_canon_value *ret)
{
    *ret = (struct gw_canon_value){.type = p->type};
    const ProtobufCMessage *m = holder(r, p);
    if (m == NULL)
        return;
    const ProtobufCFieldDescriptor *f = p->step[p->depth];
    const void *at = gw_canon_member_peek(m, f);
    switch (p->type) {
    case GW_CANON_TEXT:
        ret->text = gw_bytes_str(*(const char *const *)at);
        ret->present = ret->text.len != 0;
        break;
    case GW_CANON_BYTES: {
        const ProtobufCBinaryData *b = at;
        ret->text = gw_bytes_make(b->data, b->len);
        ret->present = b->len != 0;
        break;
    }
    case GW_CANON_BOOL:
        ret->num = *(const protobuf_c_boolean *)at != 0;
        ret->present = ret->num != 0;
        break;
    case GW_CANON_ENUM:
        ret->num = *(const int32_t *)at;
        ret->present = ret->num != 0;
        break;
    case GW_CANON_INT:
        ret->num = get_int(at, f->type);
        ret->present = ret->num != 0;
        break;
    case GW_CANON_ENUM_LIST:
        ret->list_len = *(const size_t *)gw_canon_quantifier_peek(m, f);
        ret->list = ret->list_len != 0 ? *(const int32_t *const *)at : NULL;
        ret->present = ret->list_len != 0;
        break;
    case GW_CANON_MONEY: {
        const Xinqiao__V1__Money *money = *(const Xinqiao__V1__Money *const *)at;
        ret->present = money != NULL && gw_canon_money_ok(money);
        ret->num = ret->present ? money->fen : 0;
        break;
    }
    case GW_CANON_DATE:
        get_date(*(const Xinqiao__V1__Date *const *)at, ret);
        break;
    case GW_CANON_END_DATE:
        get_end_date(*(const Xinqiao__V1__EndDate *const *)at, ret);
        break;
    case GW_CANON_TIMESTAMP:
        get_timestamp(*(const Google__Protobuf__Timestamp *const *)at, ret);
        break;
    }
}
