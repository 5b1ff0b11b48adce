/* The canonical record as protobuf: no translation, only validation and grants. Its mapping file
 * has a row per path that is checked, named by the path. */
#include "base/text.h"
#include "format/format_internal.h"

static bool enum_known(const struct gw_canon_path *p, const struct gw_canon_value *v)
{
    if (p->type == GW_CANON_ENUM)
        return protobuf_c_enum_descriptor_get_value(p->enumeration, (int)v->num) != NULL;
    for (size_t i = 0; p->type == GW_CANON_ENUM_LIST && i < v->list_len; i++) {
        if (v->list[i] == 0 ||
            protobuf_c_enum_descriptor_get_value(p->enumeration, v->list[i]) == NULL)
            return false;
    }
    return true;
}

/* Written and read back by the row's operator: the same rules as for text formats. */
static bool check_row(const struct gw_format *f, const struct gw_row *row, struct gw_op_ctx *ctx,
                      struct gw_report *report, bool *ret_filled)
{
    const struct gw_field *fld = &f->field[row->field];
    struct gw_op_values v = {0};
    struct gw_op_values back = {0};
    struct gw_bytes text = GW_BYTES_NONE;
    gw_row_get(row, ctx->record, &v);
    *ret_filled = gw_row_has_value(row, &v);
    if (!*ret_filled) {
        bool stray = row->write_count > 1 && v.v[1].present;
        if (stray)
            gw_report_reason(report, GW_PROBLEM_ERROR, "enum-unknown", fld, row);
        return !stray;
    }
    if (!enum_known(&row->path[0], &v.v[0])) {
        gw_report_add(report, GW_PROBLEM_ERROR, "enum-unknown", fld->cname, "expected",
                      "xinqiao.v1", NULL);
        return false;
    }
    const char *reason = row->op->encode(row, ctx, &v, &text);
    if (reason == NULL && text.len != 0)
        reason = row->op->decode(row, ctx, text, &back);
    if (reason == NULL && (ctx->repaired || (text.len != 0 && !gw_values_same(row, &v, &back))))
        reason = "value-charset"; /* the canonical spelling is the only one here */
    if (reason == NULL && gw_text_has_control(text))
        reason = "value-charset";
    if (reason == NULL && !fld->prose && gw_text_has_hidden(text))
        reason = "field-control";
    if (reason != NULL)
        gw_report_reason(report, GW_PROBLEM_ERROR, reason, fld, row);
    return reason == NULL;
}

static void check_extensions(const gw_record *r, struct gw_report *report)
{
    if (r->n_extension > GW_FORMAT_MAX_FIELDS + GW_FORMAT_MAX_UNKNOWN + GW_FORM_COUNT)
        gw_report_add(report, GW_PROBLEM_ERROR, "too-many-fields", "extension", "max", "133", NULL);
}

/* A sum that contradicts its parts would be lost by formats that keep the parts only. */
static void check_sums(const gw_record *r, struct gw_report *report)
{
    const Xinqiao__V1__Penalty *p =
        r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_PENALTY ? r->penalty : NULL;
    if (p == NULL || (p->confiscated_income == NULL && p->confiscated_goods == NULL))
        return;
    int64_t sum = p->confiscated_income != NULL ? p->confiscated_income->fen : 0;
    bool over = __builtin_add_overflow(
        sum, p->confiscated_goods != NULL ? p->confiscated_goods->fen : 0, &sum);
    if (over || p->confiscated == NULL || p->confiscated->fen != sum)
        gw_report_add(report, GW_PROBLEM_ERROR, "amount-invalid", "penalty.confiscated", "expected",
                      "confiscated_income + confiscated_goods", NULL);
}

enum gw_status gw_protobuf_decode(const struct gw_format *f, struct gw_bytes bytes,
                                  struct gw_date today, struct gw_arena *arena,
                                  struct gw_report *report, gw_record **ret)
{
    uint32_t errors = report->count[GW_PROBLEM_ERROR];
    gw_record *r = NULL;
    if (bytes.len > GW_FORMAT_MAX_RECORD) {
        gw_report_add(report, GW_PROBLEM_ERROR, "message-too-large", "", "max", "1 MiB", NULL);
        return GW_INVALID;
    }
    enum gw_status st = gw_canon_unpack(bytes, arena, &r);
    if (st == GW_NOMEM)
        return st;
    if (st != GW_OK) {
        gw_report_add(report, GW_PROBLEM_ERROR, "malformed-protobuf", "", NULL);
        return GW_INVALID;
    }
    bool bad[GW_FORMAT_MAX_FIELDS] = {false};
    bool filled[GW_FORMAT_MAX_FIELDS] = {false};
    struct gw_op_ctx ctx = {.format = f, .record = r, .today = today, .arena = arena};
    for (size_t i = 0; i < f->row_count; i++) {
        const struct gw_row *row = &f->row[i];
        ctx.repaired = false;
        bool any = false;
        if (gw_conds_hold(row->only, row->only_count, r) && !check_row(f, row, &ctx, report, &any))
            bad[row->field] = true;
        filled[row->field] = filled[row->field] || any;
    }
    gw_rules_check(f, r, bad, filled, false, today, report);
    check_extensions(r, report);
    check_sums(r, report);
    if (gw_arena_failed(arena))
        return GW_NOMEM;
    if (report->count[GW_PROBLEM_ERROR] != errors)
        return GW_INVALID;
    if (r->source_format == NULL || r->source_format[0] == '\0')
        r->source_format = (char *)(uintptr_t)f->id;
    *ret = r;
    return GW_OK;
}

enum gw_status gw_protobuf_encode(const struct gw_format *f, const gw_record *r,
                                  const struct gw_format_fields *fields, struct gw_arena *arena,
                                  struct gw_report *report, struct gw_buf *ret)
{
    const gw_record *view = NULL;
    if (fields == NULL)
        return gw_canon_pack(r, ret);
    GW_TRY(gw_format_withhold(f, r, fields, arena, report, &view));
    /* Extensions are the sender's own spellings of all fields: they go too. */
    gw_record out = *view;
    if (out.n_extension != 0)
        gw_report_add(report, GW_PROBLEM_WITHHELD, "withheld-field", "extension", NULL);
    out.n_extension = 0;
    out.extension = NULL;
    return gw_canon_pack(&out, ret);
}
