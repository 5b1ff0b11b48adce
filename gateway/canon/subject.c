/* Who a record is about, and what makes two deliveries the same act. Never by name alone. */
#include "canon/canon.h"

/* The part is there and not empty. */
static bool have(const char *s)
{
    return s != NULL && s[0] != '\0';
}

/* A published number with its middle masked belongs to many. */
static bool names_one(const char *s)
{
    return have(s) && !gw_canon_is_masked(gw_bytes_str(s));
}

static enum gw_status document_id(const Xinqiao__V1__IdentityDocument *d, const char **ret_type,
                                  struct gw_bytes *ret_value)
{
    if (d == NULL || !names_one(d->number))
        return GW_NOT_FOUND;
    *ret_type =
        d->kind == XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID ? "CN-ID" : "PASSPORT";
    *ret_value = gw_bytes_str(d->number);
    return GW_OK;
}

enum gw_status gw_canon_subject_id(const gw_record *r, const char **ret_type,
                                   struct gw_bytes *ret_value)
{
    const Xinqiao__V1__Subject *s = r->subject;
    if (s == NULL)
        return GW_NOT_FOUND;
    if (s->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON)
        return document_id(s->document, ret_type, ret_value);
    const struct {
        const char *type;
        const char *value;
    } code[] = {
        {"CN-USCC", s->uscc}, {"REGNO", s->registration_no}, {"ORGCODE", s->organisation_code}};
    for (size_t i = 0; i < GW_ARRAY_LEN(code); i++) {
        if (names_one(code[i].value)) {
            *ret_type = code[i].type;
            *ret_value = gw_bytes_str(code[i].value);
            return GW_OK;
        }
    }
    /* A sole trader without any code is known by the owner's document. An organisation is not: the
     * document of its representative is no identity of the organisation. */
    if (s->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER)
        return document_id(s->document != NULL ? s->document : s->legal_rep_document, ret_type,
                           ret_value);
    return GW_NOT_FOUND;
}

static const char *document_no(const gw_record *r)
{
    if (r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_PENALTY && r->penalty != NULL)
        return r->penalty->document_no;
    if (r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_PERMIT && r->permit != NULL)
        /* formats.md D6: a permit without a document number is known by its certificate's. */
        return have(r->permit->document_no) ? r->permit->document_no : r->permit->certificate_no;
    return "";
}

/* "5:abcde;": the length keeps parts apart whatever they contain. */
static void put_part(struct gw_buf *b, struct gw_bytes part)
{
    gw_buf_printf(b, "%zu:", part.len);
    gw_buf_bytes(b, part);
    gw_buf_u8(b, ';');
}

/* What tells acts of one kind on one subject apart. */
struct parts {
    struct gw_bytes part[3];
    size_t count;
};

static void add_part(struct parts *p, const char *text)
{
    p->part[p->count++] = gw_bytes_str(text != NULL ? text : "");
}

static void parts_of(const gw_record *r, char day[11], struct parts *ret)
{
    if (r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY && r->list_entry != NULL) {
        add_part(ret, r->list_entry->list);
        add_part(ret, r->list_entry->case_no);
        return;
    }
    if (r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_SCORE && r->score != NULL) {
        add_part(ret, r->score->scale);
        return;
    }
    if (r->decided_on != NULL)
        gw_date_format((struct gw_date){(int16_t)r->decided_on->year, (uint8_t)r->decided_on->month,
                                        (uint8_t)r->decided_on->day},
                       day);
    add_part(ret, document_no(r));
    add_part(ret, r->authority != NULL ? r->authority->uscc : "");
    add_part(ret, day);
}

enum gw_status gw_canon_business_key(const gw_record *r, struct gw_buf *ret, bool *ret_weak)
{
    const char *type = "NAME";
    struct gw_bytes subject = gw_bytes_str(r->subject != NULL ? r->subject->name : "");
    bool weak = gw_canon_subject_id(r, &type, &subject) != GW_OK;
    char day[11] = "";
    struct parts p = {.count = 0};
    parts_of(r, day, &p);

    put_part(ret, gw_bytes_str(gw_canon_kind_name(r->kind)));
    put_part(ret, gw_bytes_str(type));
    put_part(ret, subject);
    for (size_t i = 0; i < p.count; i++) {
        weak = weak || p.part[i].len == 0;
        put_part(ret, p.part[i]);
    }
    GW_TRY(gw_buf_failed(ret));
    *ret_weak = weak;
    return GW_OK;
}

static const struct {
    Xinqiao__V1__Kind kind;
    const char *name, *field;
} kinds[] = {
#define GW_CANON_KIND(kind_, name_, field_) {XINQIAO__V1__KIND__KIND_##kind_, name_, field_},
#include "canon/kinds.def"
#undef GW_CANON_KIND
};

const char *gw_canon_kind_name(Xinqiao__V1__Kind k)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(kinds); i++) {
        if (kinds[i].kind == k)
            return kinds[i].name;
    }
    return "";
}

Xinqiao__V1__Kind gw_canon_kind_of(const char *name)
{
    for (size_t i = 0; name != NULL && i < GW_ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].kind;
    }
    return XINQIAO__V1__KIND__KIND_UNSPECIFIED;
}

bool gw_canon_path_of_kind(const char *path, Xinqiao__V1__Kind k)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(kinds); i++) {
        size_t n = strlen(kinds[i].field);
        if (strncmp(path, kinds[i].field, n) == 0 && path[n] == '.')
            return kinds[i].kind == k;
    }
    return true;
}

const char *gw_canon_class_name(Xinqiao__V1__SubjectClass c)
{
    switch ((int)c) {
    case XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_ORGANISATION:
        return "organisation";
    case XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER:
        return "sole-trader";
    case XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON:
        return "person";
    default:
        return "";
    }
}
