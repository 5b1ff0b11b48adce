/* Small values: dates in UTC+8, texts of messages, subjects, sealed records, counts. */
#include <stdio.h>

#include "sanction_list.h"

int32_t sl_on_entry(void *entry, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct sl_entry *e = entry;
    sl_entry_take(e, v);
    e->found = true;
    return 1;
}

int32_t sl_on_version(void *version, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct sl_version *r = version;
    sl_version_take(r, v);
    r->found = true;
    return 1;
}

int32_t sl_on_put(void *put, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct sl_put *p = put;
    sl_put_take(p, v);
    p->found = true;
    return 1;
}

int32_t sl_on_number(void *number, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    *(int64_t *)number = v[0].type == GW_VALUE_NUMBER ? v[0].number : 0;
    return 1;
}

/* Days since 1970 to yyyymmdd (Hinnant, "chrono-compatible low-level date algorithms"). */
int32_t sl_today(struct gw_adapter_call *c)
{
    int64_t days = (sl_host->now_us(c) / 1000000 + 8 * 3600) / 86400;
    int64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    return (int32_t)((yoe + era * 400 + (month <= 2)) * 10000 + month * 100 + day);
}

int32_t sl_day(const Xinqiao__V1__Date *d)
{
    static const int8_t len[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d == NULL)
        return 0;
    if (d->year < 1900 || d->year > 9999 || d->month < 1 || d->month > 12 || d->day < 1 ||
        d->day > len[d->month - 1])
        return -1;
    if (d->month == 2 && d->day == 29 &&
        (d->year % 4 != 0 || (d->year % 100 == 0 && d->year % 400 != 0)))
        return -1;
    return d->year * 10000 + d->month * 100 + d->day;
}

bool sl_plain(const char *s, size_t max)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return false;
    return n != 0 && n <= max;
}

void sl_copy(char *to, size_t size, const void *text, size_t len)
{
    size_t n = len < size - 1 ? len : size - 1;
    if (n != 0)
        memcpy(to, text, n);
    to[n] = '\0';
}

char *sl_str(const char *s)
{
    return (char *)(uintptr_t)s;
}

void *sl_zalloc(struct gw_adapter_call *c, size_t size)
{
    void *p = sl_host->alloc(c, size);
    if (p != NULL)
        memset(p, 0, size);
    return p;
}

char *sl_dup(struct gw_adapter_call *c, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = sl_host->alloc(c, n);
    if (p != NULL)
        memcpy(p, s, n);
    return p != NULL ? p : sl_str("");
}

Xinqiao__V1__Date *sl_date(struct gw_adapter_call *c, int32_t day)
{
    Xinqiao__V1__Date *d = day > 0 ? sl_zalloc(c, sizeof(*d)) : NULL;
    if (d == NULL)
        return NULL;
    xinqiao__v1__date__init(d);
    d->year = day / 10000;
    d->month = day / 100 % 100;
    d->day = day % 100;
    return d;
}

Google__Protobuf__Timestamp *sl_time(struct gw_adapter_call *c, int64_t us)
{
    Google__Protobuf__Timestamp *t = us > 0 ? sl_zalloc(c, sizeof(*t)) : NULL;
    if (t == NULL)
        return NULL;
    google__protobuf__timestamp__init(t);
    t->seconds = us / 1000000;
    t->nanos = (int32_t)(us % 1000000) * 1000;
    return t;
}

int64_t sl_us(const Google__Protobuf__Timestamp *t)
{
    if (t == NULL || t->seconds <= 0 || t->seconds > INT64_C(253402300799) || t->nanos < 0 ||
        t->nanos > 999999999)
        return INT64_MIN;
    return t->seconds * 1000000 + t->nanos / 1000;
}

/* ---- records ---- */

static bool have(const char *s)
{
    return s != NULL && s[0] != '\0';
}

/* A number with its middle masked belongs to many. */
static bool whole(const char *s)
{
    return have(s) && strchr(s, '*') == NULL;
}

static bool by_document(const Xinqiao__V1__IdentityDocument *d, const char **ret_type,
                        const char **ret_value)
{
    if (d == NULL || !whole(d->number))
        return false;
    *ret_type =
        d->kind == XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID ? "CN-ID" : "PASSPORT";
    *ret_value = d->number;
    return true;
}

uint32_t sl_class_bit(const Xinqiao__V1__Record *r)
{
    Xinqiao__V1__SubjectClass s = r->subject != NULL
                                      ? r->subject->subject_class
                                      : XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_UNSPECIFIED;
    /* What does not say is treated as the one that needs most. */
    return s == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_ORGANISATION  ? 1
           : s == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER ? 2
                                                                        : 4;
}

bool sl_subject(const Xinqiao__V1__Record *r, const char **ret_type, const char **ret_value)
{
    const Xinqiao__V1__Subject *s = r->subject;
    if (s == NULL)
        return false;
    if (s->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON)
        return by_document(s->document, ret_type, ret_value);
    const char *const code[][2] = {
        {"CN-USCC", s->uscc}, {"REGNO", s->registration_no}, {"ORGCODE", s->organisation_code}};
    for (size_t i = 0; i < sizeof(code) / sizeof(code[0]); i++) {
        if (whole(code[i][1])) {
            *ret_type = code[i][0];
            *ret_value = code[i][1];
            return true;
        }
    }
    return s->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER &&
           by_document(s->document != NULL ? s->document : s->legal_rep_document, ret_type,
                       ret_value);
}

const uint8_t *sl_pack(struct gw_adapter_call *c, const ProtobufCMessage *m, size_t *ret_len)
{
    *ret_len = protobuf_c_message_get_packed_size(m);
    uint8_t *p = sl_host->alloc(c, *ret_len + 1);
    if (p != NULL)
        protobuf_c_message_pack(m, p);
    return p;
}

/* Sealed for the entry that it is of: a row whose record was exchanged for another's can not be
 * read. */
static void seal_of(const uint8_t mac[SL_KEY], char ret[96])
{
    size_t n = (size_t)snprintf(ret, 96, "sanction_list/");
    for (size_t i = 0; i < SL_KEY; i++)
        n += (size_t)snprintf(ret + n, 96 - n, "%02x", mac[i]);
}

static void *arena_alloc(void *c, size_t size)
{
    return sl_host->alloc(c, size);
}

static void arena_free(void *c, void *p)
{
    (void)c;
    (void)p;
}

Xinqiao__V1__Record *sl_record_open(struct gw_adapter_call *c, const uint8_t mac[SL_KEY],
                                    const uint8_t *sealed, size_t len)
{
    char ad[96];
    const uint8_t *bytes;
    size_t n;
    ProtobufCAllocator a = {.alloc = arena_alloc, .free = arena_free, .allocator_data = c};
    seal_of(mac, ad);
    if (sl_host->unseal(c, ad, sealed, len, &bytes, &n) != 0)
        return NULL;
    return xinqiao__v1__record__unpack(&a, n, bytes);
}

int32_t sl_record_seal(struct gw_adapter_call *c, const uint8_t mac[SL_KEY],
                       const Xinqiao__V1__Record *r, const uint8_t **ret, size_t *ret_len)
{
    char ad[96];
    size_t n;
    const uint8_t *bytes = sl_pack(c, &r->base, &n);
    seal_of(mac, ad);
    return bytes != NULL ? sl_host->seal(c, ad, bytes, n, ret, ret_len) : -1;
}

/* ---- access and answers ---- */

const char *sl_covers_any(struct gw_adapter_call *c, const char *list, uint32_t classes)
{
    const char *why = NULL;
    for (uint32_t bit = 1; bit <= 4; bit <<= 1) {
        if ((classes & bit) == 0)
            continue;
        const char *w = sl_host->covers(c, SL_KIND, list, bit, NULL);
        if (w == NULL)
            return NULL;
        why = why != NULL ? why : w;
    }
    return why;
}

int32_t sl_refuse(struct gw_adapter_call *c, const char *reason, const char *field)
{
    if (field != NULL) {
        sl_host->parameter(c, "field", field);
        sl_host->parameter(c, "item", field);
        sl_host->violation(c, field, reason);
    }
    sl_host->finish(c, reason);
    return 0;
}

void sl_count(struct sl_count list[SL_COUNTS], const char *reason)
{
    size_t i = 0;
    /* More reasons than the table holds share the last place. */
    while (i < SL_COUNTS - 1 && list[i].count != 0 && strcmp(list[i].reason, reason) != 0)
        i++;
    snprintf(list[i].reason, sizeof(list[i].reason), "%s", i < SL_COUNTS - 1 ? reason : "internal");
    list[i].count++;
}

size_t sl_counts_make(struct gw_adapter_call *c, const struct sl_count list[SL_COUNTS],
                      Xinqiao__V1__Count ***ret)
{
    size_t n = 0;
    while (n < SL_COUNTS && list[n].count != 0)
        n++;
    Xinqiao__V1__Count *m = sl_zalloc(c, (n + 1) * sizeof(*m));
    *ret = sl_zalloc(c, (n + 1) * sizeof(**ret));
    if (m == NULL || *ret == NULL)
        return 0;
    for (size_t i = 0; i < n; i++) {
        xinqiao__v1__count__init(&m[i]);
        m[i].reason = sl_dup(c, list[i].reason);
        m[i].count = list[i].count;
        (*ret)[i] = &m[i];
    }
    return n;
}
