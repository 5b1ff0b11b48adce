/* How a refusal looks on the wire: google.rpc.Status with ErrorInfo, BadRequest, LocalizedMessage
 * (zh-CN, en) and RetryInfo. At most 4 KiB and 16 violations, then their number (DESIGN section 4):
 * larger trailers make C-core clients report a different error. */
#include <stdio.h>
#include <string.h>

#include "call/call_internal.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

enum { MAX_DETAILS = 4096, MAX_VIOLATIONS = 16, MAX_ANY = 6 };

static void render(const struct gw_call *c, const struct gw_reason *r, const char *lang,
                   struct gw_arena *a, char **ret)
{
    struct gw_problem p = {.kind = GW_PROBLEM_ERROR, .reason = r, .field = ""};
    for (size_t i = 0; i < c->param_count; i++) {
        p.params[i] = c->params[i];
        if (strcmp(c->params[i].name, "field") == 0)
            p.field = c->params[i].value;
    }
    struct gw_buf b;
    gw_buf_init(&b, 2048);
    gw_problem_text(&p, lang, &b);
    *ret = gw_arena_strndup(a, b.ptr, b.len);
    gw_buf_fini(&b);
}

static Google__Protobuf__Any *pack_any(struct gw_arena *a, const ProtobufCMessage *m)
{
    Google__Protobuf__Any *any = gw_arena_new_of(a, Google__Protobuf__Any);
    size_t len = protobuf_c_message_get_packed_size(m);
    uint8_t *bytes = gw_arena_alloc(a, len + 1);
    if (any == NULL || bytes == NULL)
        return NULL;
    protobuf_c_message_pack(m, bytes);
    google__protobuf__any__init(any);
    any->type_url = gw_arena_printf(a, "type.googleapis.com/%s", m->descriptor->name);
    any->value.len = len;
    any->value.data = bytes;
    return any->type_url != NULL ? any : NULL;
}

static Google__Protobuf__Any *error_info(const struct gw_call *c, const struct gw_reason *r,
                                         struct gw_arena *a)
{
    Google__Rpc__ErrorInfo m = GOOGLE__RPC__ERROR_INFO__INIT;
    Google__Rpc__ErrorInfo__MetadataEntry entry[4], *list[4];
    char total[24];
    m.reason = gw_arena_strdup(a, r->code);
    m.domain = gw_arena_strdup(a, "xinqiao");
    for (size_t i = 0; i < c->param_count; i++) {
        google__rpc__error_info__metadata_entry__init(&entry[m.n_metadata]);
        entry[m.n_metadata].key = gw_arena_strdup(a, c->params[i].name);
        entry[m.n_metadata].value = gw_arena_strdup(a, c->params[i].value);
        list[m.n_metadata] = &entry[m.n_metadata];
        m.n_metadata++;
    }
    if (c->report.count[GW_PROBLEM_ERROR] > MAX_VIOLATIONS) {
        snprintf(total, sizeof(total), "%u", c->report.count[GW_PROBLEM_ERROR]);
        google__rpc__error_info__metadata_entry__init(&entry[m.n_metadata]);
        entry[m.n_metadata].key = gw_arena_strdup(a, "violations");
        entry[m.n_metadata].value = gw_arena_strdup(a, total);
        list[m.n_metadata] = &entry[m.n_metadata];
        m.n_metadata++;
    }
    m.metadata = list;
    return gw_arena_failed(a) ? NULL : pack_any(a, &m.base);
}

static Google__Protobuf__Any *bad_request(const struct gw_call *c, struct gw_arena *a)
{
    Google__Rpc__BadRequest m = GOOGLE__RPC__BAD_REQUEST__INIT;
    Google__Rpc__BadRequest__FieldViolation v[MAX_VIOLATIONS], *list[MAX_VIOLATIONS];
    struct gw_buf text;
    gw_buf_init(&text, 4096);
    for (const struct gw_problem *p = c->report.first;
         p != NULL && m.n_field_violations < MAX_VIOLATIONS; p = p->next) {
        if (p->kind != GW_PROBLEM_ERROR)
            continue;
        Google__Rpc__BadRequest__FieldViolation *f = &v[m.n_field_violations];
        google__rpc__bad_request__field_violation__init(f);
        gw_buf_reset(&text);
        gw_problem_text(p, "en", &text);
        f->field = gw_arena_strdup(a, p->field);
        f->reason = gw_arena_strdup(a, p->reason->code);
        f->description = gw_arena_strndup(a, text.ptr, text.len);
        list[m.n_field_violations++] = f;
    }
    gw_buf_fini(&text);
    m.field_violations = list;
    return m.n_field_violations == 0 || gw_arena_failed(a) ? NULL : pack_any(a, &m.base);
}

static Google__Protobuf__Any *localized(struct gw_arena *a, const char *locale, const char *text)
{
    Google__Rpc__LocalizedMessage m = GOOGLE__RPC__LOCALIZED_MESSAGE__INIT;
    m.locale = gw_arena_strdup(a, locale);
    m.message = gw_arena_strdup(a, text);
    return gw_arena_failed(a) ? NULL : pack_any(a, &m.base);
}

static Google__Protobuf__Any *retry_info(struct gw_arena *a, uint32_t retry_ms)
{
    Google__Rpc__RetryInfo m = GOOGLE__RPC__RETRY_INFO__INIT;
    Google__Protobuf__Duration d = GOOGLE__PROTOBUF__DURATION__INIT;
    d.seconds = retry_ms / 1000;
    d.nanos = (int32_t)(retry_ms % 1000) * 1000000;
    m.retry_delay = &d;
    return pack_any(a, &m.base);
}

void gw_call_status_details(struct gw_call *c, struct gw_arena *a, const struct gw_reason *verdict,
                            struct gw_bytes *ret_message, struct gw_bytes *ret_details)
{
    *ret_message = GW_BYTES_NONE;
    *ret_details = GW_BYTES_NONE;
    if (verdict->grpc == GW_GRPC_OK)
        return;
    char *zh = NULL, *en = NULL;
    render(c, verdict, "zh", a, &zh);
    render(c, verdict, "en", a, &en);
    Google__Rpc__Status st = GOOGLE__RPC__STATUS__INIT;
    Google__Protobuf__Any *list[MAX_ANY], *any;
    if (zh == NULL || en == NULL)
        return;
    *ret_message = gw_bytes_str(en);
    st.code = verdict->grpc;
    st.message = en;
    st.details = list;
    if ((any = error_info(c, verdict, a)) != NULL)
        list[st.n_details++] = any;
    if ((any = localized(a, "zh-CN", zh)) != NULL)
        list[st.n_details++] = any;
    if ((any = localized(a, "en", en)) != NULL)
        list[st.n_details++] = any;
    if (verdict->retry_ms != 0 && (any = retry_info(a, verdict->retry_ms)) != NULL)
        list[st.n_details++] = any;
    /* Last, and left out when the whole would be too large for trailers. */
    if ((any = bad_request(c, a)) != NULL) {
        list[st.n_details++] = any;
        if (google__rpc__status__get_packed_size(&st) > MAX_DETAILS)
            st.n_details--;
    }
    size_t len = google__rpc__status__get_packed_size(&st);
    uint8_t *p = gw_arena_alloc(a, len);
    if (p == NULL || len > MAX_DETAILS)
        return;
    google__rpc__status__pack(&st, p);
    *ret_details = gw_bytes_make(p, len);
}
