/* What decode and encode share: conditions, reading a row's values, rules between fields. */
#include <stdio.h>

#include "format/format_internal.h"

static bool cond_holds(const struct gw_cond *c, const gw_record *r)
{
    struct gw_canon_value v;
    gw_canon_get(r, &c->path, &v);
    switch (c->path.type) {
    case GW_CANON_BOOL:
    case GW_CANON_ENUM:
        return v.num >= 0 && v.num < 64 && (c->mask >> v.num & 1) != 0;
    case GW_CANON_ENUM_LIST:
        for (size_t i = 0; i < v.list_len; i++) {
            if (v.list[i] >= 0 && v.list[i] < 64 && (c->mask >> v.list[i] & 1) != 0)
                return true;
        }
        return false;
    case GW_CANON_TEXT:
        if (v.present && c->prefix.len != 0 && gw_bytes_has_prefix(v.text, c->prefix))
            return true;
        return v.present ? c->present : c->absent;
    case GW_CANON_INT:
    case GW_CANON_MONEY:
    case GW_CANON_DATE:
    case GW_CANON_END_DATE:
    case GW_CANON_TIMESTAMP:
    case GW_CANON_BYTES:
        return v.present ? c->present : c->absent;
    }
    return false;
}

bool gw_conds_hold(const struct gw_cond *c, size_t count, const gw_record *r)
{
    for (size_t i = 0; i < count; i++) {
        if (!cond_holds(&c[i], r))
            return false;
    }
    return true;
}

void gw_row_get(const struct gw_row *row, const gw_record *r, struct gw_op_values *ret)
{
    for (size_t i = 0; i < row->path_count; i++)
        gw_canon_get(r, &row->path[i], &ret->v[i]);
}

bool gw_row_has_value(const struct gw_row *row, const struct gw_op_values *v)
{
    if (v->v[0].present || row->path[0].type != GW_CANON_TEXT)
        return v->v[0].present; /* free text beside no kind at all is nothing */
    for (size_t i = 1; i < row->write_count; i++) {
        if (v->v[i].present)
            return true;
    }
    return false;
}

bool gw_value_same(const struct gw_canon_value *a, const struct gw_canon_value *b)
{
    if (a->present != b->present)
        return false;
    if (!a->present)
        return true;
    switch (a->type) {
    case GW_CANON_TEXT:
    case GW_CANON_BYTES:
        return gw_bytes_eq(a->text, b->text);
    case GW_CANON_BOOL:
    case GW_CANON_ENUM:
    case GW_CANON_INT:
    case GW_CANON_MONEY:
        return a->num == b->num;
    case GW_CANON_ENUM_LIST:
        return a->list_len == b->list_len &&
               memcmp(a->list, b->list, a->list_len * sizeof(*a->list)) == 0;
    case GW_CANON_DATE:
    case GW_CANON_END_DATE:
        return a->no_end == b->no_end && (a->no_end || gw_date_cmp(a->date, b->date) == 0);
    case GW_CANON_TIMESTAMP:
        return gw_date_cmp(a->date, b->date) == 0 && a->second == b->second;
    }
    return false;
}

/* proto3 does not tell false and 0 from absent, nor do we. */
static struct gw_canon_value plain(struct gw_canon_value v)
{
    if ((v.type == GW_CANON_BOOL || v.type == GW_CANON_ENUM || v.type == GW_CANON_INT) &&
        v.num == 0)
        v.present = false;
    return v;
}

bool gw_values_same(const struct gw_row *row, const struct gw_op_values *a,
                    const struct gw_op_values *b)
{
    for (size_t i = 0; i < row->write_count; i++) {
        struct gw_canon_value x = plain(a->v[i]);
        struct gw_canon_value y = plain(b->v[i]);
        if (!gw_value_same(&x, &y))
            return false;
    }
    return true;
}

bool gw_text_absent(const struct gw_format *f, struct gw_bytes text)
{
    if (text.len == 0)
        return true;
    if (text.len > f->absent_text_max)
        return false;
    for (size_t i = 0; i < f->absent_text_count; i++) {
        if (gw_bytes_eq(f->absent_text[i], text))
            return true;
    }
    return false;
}

bool gw_field_text_absent(const struct gw_format *f, const struct gw_field *fld,
                          struct gw_bytes text)
{
    for (size_t i = 0; i < fld->absent_texts.count; i++) {
        if (gw_bytes_eq_str(text, fld->absent_texts.items[i]))
            return true;
    }
    return gw_text_absent(f, text);
}

bool gw_constant_counts(const struct gw_format *f, size_t i, const gw_record *r)
{
    const struct gw_constant *c = &f->constant[i];
    if (!gw_conds_hold(c->when, c->when_count, r))
        return false;
    for (size_t k = i + 1; k < f->constant_count; k++) {
        if (strcmp(f->constant[k].path.text, c->path.text) == 0 &&
            gw_conds_hold(f->constant[k].when, f->constant[k].when_count, r))
            return false;
    }
    return true;
}

static bool bad_at(struct gw_bytes t, size_t i)
{
    uint8_t c = t.ptr[i];
    if (c < 0x20)
        return c != '\n' && c != '\t' && c != '\r';
    /* U+FFFE and U+FFFF, EF BF BE/BF */
    return c == 0xef && t.len - i > 2 && t.ptr[i + 1] == 0xbf && t.ptr[i + 2] >= 0xbe;
}

/* NULs end protobuf strings, other controls are not allowed in XML: they have no place in any
 * record. Eight bytes at once while none is below blank or EF. */
bool gw_text_has_control(struct gw_bytes t)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    size_t i = 0;
    while (i < t.len) {
        uint64_t w;
        size_t n = t.len - i < 8 ? t.len - i : 8;
        if (n == 8) {
            memcpy(&w, t.ptr + i, 8);
            uint64_t ef = w ^ (ones * 0xef);
            uint64_t low = (w - ones * 0x20) & ~w & tops;
            if ((low | ((ef - ones) & ~ef & tops)) == 0) {
                i += 8;
                continue;
            }
        }
        for (size_t k = 0; k < n; k++) {
            if (bad_at(t, i + k))
                return true;
        }
        i += n;
    }
    return false;
}

const struct gw_row *gw_field_row(const struct gw_field *fld, const gw_record *r, bool in)
{
    for (size_t i = 0; i < fld->row_count; i++) {
        const struct gw_row *row = fld->row[i];
        if ((in ? row->in : row->out) && gw_conds_hold(row->only, row->only_count, r))
            return row;
    }
    return NULL;
}

bool gw_field_is_flag(const struct gw_field *fld)
{
    return fld->row_count == 1 && fld->row[0]->path[0].type == GW_CANON_BOOL;
}

void gw_report_reason(struct gw_report *report, enum gw_problem_kind kind, const char *code,
                      const struct gw_field *fld, const struct gw_row *row)
{
    char max[16] = "";
    snprintf(max, sizeof(max), "%u",
             row != NULL && strcmp(code, "amount-precision") == 0
                 ? (row->unit_fen == 1000000 ? 6u : 2u)
                 : fld->width);
    const char *expected = row != NULL && row->expected != NULL ? row->expected : "";
    if (strcmp(code, "regno-length") == 0)
        expected = "15";
    gw_report_add(report, kind, code, fld->cname, "expected", expected, "max", max, NULL);
}

const char *gw_format_name_of(const struct gw_format *f, const char *path)
{
    for (size_t i = 0; i < f->row_count; i++) {
        for (size_t k = 0; k < f->row[i].write_count; k++) {
            if (strcmp(f->row[i].path[k].text, path) == 0)
                return f->field[f->row[i].field].cname;
        }
    }
    return path;
}

static bool field_value(const struct gw_format *f, size_t field, const gw_record *r,
                        struct gw_canon_value *ret)
{
    const struct gw_row *row = gw_field_row(&f->field[field], r, true);
    if (row == NULL)
        row = f->field[field].row_count != 0 ? f->field[field].row[0] : NULL;
    if (row == NULL)
        return false;
    gw_canon_get(r, &row->path[0], ret);
    return ret->present;
}

static void check_required(const struct gw_format *f, size_t i, const gw_record *r, bool filled,
                           bool target, struct gw_report *report)
{
    const struct gw_field *fld = &f->field[i];
    bool conditional = fld->when_count != 0;
    if (!fld->required && !fld->positive)
        return;
    if (conditional && !gw_conds_hold(fld->when, fld->when_count, r))
        return;
    if (!filled && fld->required) {
        bool money = fld->row_count != 0 && fld->row[0]->path[0].type == GW_CANON_MONEY;
        const char *code = target         ? "target-field-missing"
                           : !conditional ? "field-missing"
                           : money        ? "amount-missing"
                                          : "condition-missing";
        gw_report_add(report, GW_PROBLEM_ERROR, code, fld->cname, "because",
                      conditional ? gw_format_name_of(f, fld->when[0].path.text) : "", NULL);
        return;
    }
    struct gw_canon_value v;
    if (fld->positive && field_value(f, i, r, &v) && v.type == GW_CANON_MONEY && v.num <= 0)
        gw_report_add(report, GW_PROBLEM_ERROR, "value-range", fld->cname, "expected", "> 0", NULL);
}

static void check_order(const struct gw_format *f, const struct gw_check *c, const gw_record *r,
                        struct gw_date today, struct gw_report *report)
{
    struct gw_canon_value a;
    struct gw_canon_value b = {.date = c->than_today ? today : c->date};
    if (!field_value(f, c->field, r, &a) || (c->than_field && !field_value(f, c->than, r, &b)))
        return;
    /* "No end" lies behind every date. */
    int order = a.no_end || b.no_end ? a.no_end - b.no_end : gw_date_cmp(a.date, b.date);
    bool wrong = c->rule == GW_RULE_NOT_BEFORE ? order < 0 : order > 0;
    if (!wrong)
        return;
    char day[11];
    gw_date_format(c->date, day);
    gw_report_add(report, c->warning ? GW_PROBLEM_WARNING : GW_PROBLEM_ERROR,
                  c->than_today ? "date-future" : "date-order", f->field[c->field].cname, "because",
                  c->than_field ? f->field[c->than].cname : day, NULL);
}

/* D4: 91 companies, 92 sole traders, 93 cooperatives. */
static void check_uscc_class(const struct gw_format *f, const struct gw_check *c,
                             const gw_record *r, struct gw_report *report)
{
    const Xinqiao__V1__Subject *s = r->subject;
    if (s == NULL || strlen(s->uscc) != 18)
        return;
    bool trader_code = strncmp(s->uscc, "92", 2) == 0;
    bool trader = s->subject_class == XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER;
    if (trader_code != trader)
        gw_report_add(report, GW_PROBLEM_WARNING, "uscc-class", f->field[c->field].cname, NULL);
}

static void check_cancelled(const struct gw_format *f, const struct gw_check *c, const gw_record *r,
                            struct gw_report *report)
{
    bool cancelled =
        r->payload_case == XINQIAO__V1__RECORD__PAYLOAD_PENALTY && r->penalty->case_cancelled;
    if (cancelled && r->status != XINQIAO__V1__RECORD_STATUS__RECORD_STATUS_WITHDRAWN)
        gw_report_add(report, GW_PROBLEM_ERROR, "status-conflict", f->field[c->field].cname,
                      "because", f->field[c->than].cname, NULL);
}

void gw_rules_check(const struct gw_format *f, const gw_record *r, const bool *bad,
                    const bool *filled, bool target, struct gw_date today, struct gw_report *report)
{
    for (size_t i = 0; i < f->field_count; i++) {
        if (!bad[i])
            check_required(f, i, r, filled[i], target, report);
    }
    for (size_t i = 0; i < f->check_count; i++) {
        const struct gw_check *c = &f->check[i];
        if (bad[c->field] || (c->than_field && bad[c->than]))
            continue;
        switch (c->rule) {
        case GW_RULE_NOT_BEFORE:
        case GW_RULE_NOT_AFTER:
            check_order(f, c, r, today, report);
            break;
        case GW_RULE_USCC_CLASS:
            check_uscc_class(f, c, r, report);
            break;
        case GW_RULE_CANCELLED_WITHDRAWN:
            check_cancelled(f, c, r, report);
            break;
        }
    }
}
