/* Encode: canonical record -> slots, then the codec writes them. Losses, defaults, derivations and
 * refusals are reported; nothing is cut, nothing is filled silently. The inverse is decode.c. */
#include <stdio.h>

#include "base/text.h"
#include "format/format_internal.h"

struct encoding {
    const struct gw_format *format;
    const gw_record *record;
    const struct gw_format_defaults *defaults;
    const struct gw_format_fields *fields;
    struct gw_op_ctx ctx;
    struct gw_report *report;
    struct gw_slots *slots;
    bool bad[GW_FORMAT_MAX_FIELDS];
    bool filled[GW_FORMAT_MAX_FIELDS];
    bool is_default[GW_FORMAT_MAX_FIELDS];
};

/* Did the sender write this in a column that the format keeps, and may it be written again? A
 * canonical record from a peer may claim any text. */
static bool is_kept_text(const struct encoding *e, const Xinqiao__V1__Extension *x)
{
    bool token = x->form == XINQIAO__V1__EXTENSION_FORM__EXTENSION_FORM_TOKEN;
    struct gw_bytes text = gw_bytes_str(x->text);
    if (x->spelling || strcmp(x->format, e->format->id) != 0 ||
        (!token && x->form != XINQIAO__V1__EXTENSION_FORM__EXTENSION_FORM_TEXT) ||
        (e->fields != NULL && !gw_format_fields_allow(e->fields, "extension.text")))
        return false;
    int i = gw_format_field_find(e->format, gw_bytes_str(x->field), 0);
    const struct gw_field *fld = i >= 0 ? &e->format->field[i] : NULL;
    if (fld == NULL || !fld->kept || gw_text_has_control(text) ||
        (!fld->prose && gw_text_has_hidden(text)) || gw_field_text_absent(e->format, fld, text) ||
        (token && gw_bytes_eq_str(text, "null")))
        return false;
    if (!token)
        return true;
    bool nested = text.ptr[0] == '[' || text.ptr[0] == '{';
    return e->format->media == GW_MEDIA_JSON && (!nested || fld->structured) &&
           gw_json_token_ok(text, e->ctx.arena);
}

static void refuse(struct encoding *e, size_t i, const char *code, const struct gw_row *row)
{
    gw_report_reason(e->report, GW_PROBLEM_ERROR, code, &e->format->field[i], row);
    e->bad[i] = true;
}

/* The default declared in the peer's profile, or nothing. */
static void use_default(struct encoding *e, size_t i, const struct gw_row *row)
{
    const struct gw_field *fld = &e->format->field[i];
    struct gw_bytes text;
    bool needed = fld->required && gw_conds_hold(fld->when, fld->when_count, e->record);
    if (!needed || e->defaults == NULL ||
        gw_format_default(e->defaults, e->format, fld->cname, e->record, e->ctx.arena, &text) !=
            GW_OK)
        return;
    struct gw_op_values v = {0};
    e->ctx.differs = false;
    if (row != NULL && row->op->decode(row, &e->ctx, text, &v) != NULL) {
        refuse(e, i, "target-value", row);
        return;
    }
    e->slots->slot[i] = (struct gw_slot){text, GW_FORM_TEXT};
    e->filled[i] = true;
    e->is_default[i] = true;
    gw_report_add(e->report, GW_PROBLEM_DEFAULTED, "defaulted", fld->cname, NULL);
}

/* true: a value was derived (into v), or the record was refused. */
static bool derive(struct encoding *e, size_t i, const struct gw_row *row, struct gw_op_values *v)
{
    const char *reason = NULL;
    if (row->derive == NULL)
        return false;
    enum gw_status st = row->derive->derive(e->record, &v->v[0], &reason);
    if (st == GW_CONFLICT) {
        refuse(e, i, reason, row);
        return true;
    }
    if (st != GW_OK)
        return false;
    gw_report_add(e->report, GW_PROBLEM_DEFAULTED, "derived", e->format->field[i].cname, "because",
                  row->derive->source, NULL);
    return true;
}

static bool fall_back(struct encoding *e, size_t i, const struct gw_row *row,
                      struct gw_op_values *v)
{
    if (row->fallback.text == NULL)
        return false;
    gw_canon_get(e->record, &row->fallback, &v->v[0]);
    if (v->v[0].present)
        gw_report_add(e->report, GW_PROBLEM_DEFAULTED, "derived", e->format->field[i].cname,
                      "because", row->fallback.text, NULL);
    return v->v[0].present;
}

/* When we stored it, in a column that says when a sender of this format did. */
static bool fill_from_instant(struct encoding *e, size_t i)
{
    const struct gw_field *fld = &e->format->field[i];
    struct gw_canon_value v;
    char mem[64];
    struct gw_buf b;
    if (fld->filled_from.text == NULL)
        return false;
    gw_canon_get(e->record, &fld->filled_from, &v);
    if (!v.present)
        return false;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    gw_canon_date_format(v.date, v.second, fld->pattern, &b);
    if (gw_buf_failed(&b) != GW_OK)
        return false;
    e->slots->slot[i] = (struct gw_slot){gw_arena_dup(e->ctx.arena, gw_buf_view(&b)), GW_FORM_TEXT};
    e->filled[i] = true;
    gw_report_add(e->report, GW_PROBLEM_DEFAULTED, "derived", fld->cname, "because",
                  fld->filled_from.text, NULL);
    return true;
}

/* A column carried without understanding: what the sender wrote there, in this very format. A grant
 * of some fields is none of it. */
static void encode_kept(struct encoding *e, size_t i)
{
    const gw_record *r = e->record;
    const struct gw_field *fld = &e->format->field[i];
    for (size_t k = 0; k < r->n_extension; k++) {
        const Xinqiao__V1__Extension *x = r->extension[k];
        if (!is_kept_text(e, x) || !gw_bytes_eq_str(fld->name, x->field))
            continue;
        bool token = x->form == XINQIAO__V1__EXTENSION_FORM__EXTENSION_FORM_TOKEN;
        e->slots->slot[i] =
            (struct gw_slot){gw_bytes_str(x->text), token ? GW_FORM_TOKEN : GW_FORM_TEXT};
        e->filled[i] = true;
        return;
    }
    if (!fill_from_instant(e, i))
        use_default(e, i, NULL);
}

static void encode_field(struct encoding *e, size_t i)
{
    const struct gw_field *fld = &e->format->field[i];
    if (fld->kept) {
        encode_kept(e, i);
        return;
    }
    const struct gw_row *row = gw_field_row(fld, e->record, false);
    struct gw_op_values v = {0};
    if (row == NULL) {
        use_default(e, i, NULL);
        return;
    }
    gw_row_get(row, e->record, &v);
    /* "false" and 0 are values that are written: 0, not "". */
    bool present = gw_row_has_value(row, &v) || row->path[0].type == GW_CANON_BOOL ||
                   row->path[0].type == GW_CANON_INT;
    if (!present)
        present = derive(e, i, row, &v) || fall_back(e, i, row, &v);
    if (e->bad[i])
        return;
    if (!present) {
        use_default(e, i, row);
        return;
    }
    struct gw_bytes text;
    const char *reason = row->op->encode(row, &e->ctx, &v, &text);
    /* A name that is "-", say: the receiver would read that there is none. */
    if (reason == NULL && text.len != 0 && gw_field_text_absent(e->format, fld, text))
        reason = "target-value";
    if (reason != NULL) {
        refuse(e, i, reason, row);
        return;
    }
    e->slots->slot[i] = (struct gw_slot){text, GW_FORM_TEXT};
    e->filled[i] = true;
}

static void check_widths(struct encoding *e)
{
    for (size_t i = 0; i < e->format->field_count; i++) {
        const struct gw_field *fld = &e->format->field[i];
        const struct gw_slot *slot = &e->slots->slot[i];
        if (slot->form > GW_FORM_TOKEN || fld->width == 0 || slot->text.len <= fld->width)
            continue;
        if (gw_utf8_chars(slot->text) > fld->width)
            refuse(e, i, "target-width", NULL);
    }
}

/* ---- the sender's own spelling, where the record came in this format ---- */

/* Still the same value? A record that was corrected since is written anew. */
static bool spelling_holds(struct encoding *e, size_t i, struct gw_bytes text)
{
    if (gw_field_text_absent(e->format, &e->format->field[i], text))
        return !e->filled[i];
    const struct gw_row *row = gw_field_row(&e->format->field[i], e->record, false);
    struct gw_op_values v = {0};
    struct gw_op_values now;
    if (row == NULL || e->is_default[i] || row->op->decode(row, &e->ctx, text, &v) != NULL)
        return false;
    gw_row_get(row, e->record, &now);
    return gw_values_same(row, &v, &now);
}

/* Nothing stands in the column, or the "no" of a flag that the sender left empty. */
static bool says_nothing(const struct encoding *e, size_t i)
{
    if (!e->filled[i])
        return e->slots->slot[i].form > GW_FORM_TOKEN;
    const struct gw_row *row = gw_field_row(&e->format->field[i], e->record, false);
    struct gw_op_values v = {0};
    if (row == NULL || e->is_default[i] || !gw_field_is_flag(&e->format->field[i]))
        return false;
    gw_row_get(row, e->record, &v);
    return v.v[0].num == 0;
}

static void apply_absent_list(struct encoding *e, const Xinqiao__V1__Extension *x)
{
    const char *p = x->text;
    while (*p != '\0') {
        size_t len = strcspn(p, " ");
        int i = gw_format_field_find(e->format, gw_bytes_make(p, len), 0);
        if (i >= 0 && e->format->field[i].written && says_nothing(e, (size_t)i))
            e->slots->slot[i] = (struct gw_slot){GW_BYTES_NONE, (enum gw_form)x->form};
        p += len;
        p += *p == ' ';
    }
}

static void apply_spelling(struct encoding *e, const Xinqiao__V1__Extension *x)
{
    struct gw_bytes text = gw_bytes_str(x->text);
    if (x->form != XINQIAO__V1__EXTENSION_FORM__EXTENSION_FORM_TEXT &&
        x->form != XINQIAO__V1__EXTENSION_FORM__EXTENSION_FORM_TOKEN) {
        if ((int)x->form > 0 && (int)x->form < GW_FORM_COUNT)
            apply_absent_list(e, x);
        return;
    }
    int i = gw_format_field_find(e->format, gw_bytes_str(x->field), 0);
    if (i >= 0 && e->format->field[i].kept && e->filled[i])
        return;
    bool token = x->form == XINQIAO__V1__EXTENSION_FORM__EXTENSION_FORM_TOKEN;
    if (i < 0 || e->bad[i] || !e->format->field[i].written || gw_text_has_control(text) ||
        !spelling_holds(e, (size_t)i, text))
        return;
    if (token && (e->format->media != GW_MEDIA_JSON || !gw_json_token_ok(text, e->ctx.arena)))
        return;
    e->slots->slot[i] = (struct gw_slot){text, (enum gw_form)x->form};
    e->filled[i] = e->filled[i] || !gw_text_absent(e->format, text);
}

/* A canonical record from a peer may claim any extension: what is written as it stands is checked
 * first. */
static bool unknown_is_safe(struct encoding *e, const Xinqiao__V1__Extension *x)
{
    struct gw_bytes name = gw_bytes_str(x->field);
    int i = gw_format_field_find(e->format, name, 0);
    if (name.len == 0 || (i >= 0 && !e->format->field[i].refused) || (int)x->form < 0 ||
        (int)x->form >= GW_FORM_COUNT)
        return false;
    if (gw_text_has_control(name) || gw_text_has_control(gw_bytes_str(x->text)))
        return false;
    if (e->format->media == GW_MEDIA_XML)
        return gw_xml_name_ok(name) &&
               x->form != XINQIAO__V1__EXTENSION_FORM__EXTENSION_FORM_TOKEN &&
               !gw_text_has_control(gw_bytes_str(x->text));
    return x->form != XINQIAO__V1__EXTENSION_FORM__EXTENSION_FORM_TOKEN ||
           gw_json_token_ok(gw_bytes_str(x->text), e->ctx.arena);
}

static void apply_extensions(struct encoding *e)
{
    const gw_record *r = e->record;
    for (size_t k = 0; k < r->n_extension; k++) {
        const Xinqiao__V1__Extension *x = r->extension[k];
        bool mine = strcmp(x->format, e->format->id) == 0;
        if (mine && x->spelling) {
            apply_spelling(e, x);
            continue;
        }
        if (x->spelling || is_kept_text(e, x))
            continue;
        if (e->fields != NULL) {
            gw_report_add(e->report, GW_PROBLEM_WITHHELD, "withheld-field", "extension", NULL);
            continue;
        }
        if (!mine || !unknown_is_safe(e, x)) {
            gw_report_add(e->report, GW_PROBLEM_LOSS, "loss", "extension", NULL);
            continue;
        }
        if (e->slots->unknown_count < GW_FORMAT_MAX_UNKNOWN)
            e->slots->unknown[e->slots->unknown_count++] = (struct gw_unknown){
                gw_bytes_str(x->field), gw_bytes_str(x->text), (enum gw_form)x->form, 0};
    }
}

/* ---- what a record must be to be written in this format at all ---- */

static bool fits(struct encoding *e)
{
    const struct gw_format *f = e->format;
    const gw_record *r = e->record;
    if (r->kind != f->kind) {
        gw_report_add(e->report, GW_PROBLEM_ERROR, "format-pair", "", NULL);
        return false;
    }
    unsigned class = r->subject != NULL ? (unsigned)r->subject->subject_class : 0;
    if (f->classes != 0 && (class >= 32 || (f->classes >> class & 1) == 0)) {
        gw_report_add(e->report, GW_PROBLEM_ERROR, "target-class", "subject.subject_class", "item",
                      gw_canon_class_name((Xinqiao__V1__SubjectClass) class), NULL);
        return false;
    }
    return true;
}

static const char *constant_reason(const struct gw_constant *c)
{
    if (strcmp(c->path.text, "status") == 0)
        return "target-status";
    return strcmp(c->path.text, "subject.subject_class") == 0 ? "target-class" : "target-value";
}

/* A table without a column for it says it by being there: status IN_FORCE. */
static void check_constants(struct encoding *e)
{
    for (size_t i = 0; i < e->format->constant_count; i++) {
        const struct gw_constant *c = &e->format->constant[i];
        struct gw_canon_value v;
        gw_canon_get(e->record, &c->path, &v);
        bool same = c->text != NULL ? gw_bytes_eq_str(v.text, c->text) : v.num == c->value;
        if (same || !gw_constant_counts(e->format, i, e->record))
            continue;
        gw_report_add(e->report, GW_PROBLEM_ERROR, constant_reason(c), c->path.text, "expected",
                      c->text != NULL ? c->text : "", "item", gw_format_id(e->format), NULL);
    }
}

static void write_slots(struct encoding *e, struct gw_buf *ret)
{
    if (e->format->media == GW_MEDIA_XML)
        gw_xml_write(e->slots, ret);
    else
        gw_json_write(e->slots, ret);
}

enum gw_status gw_format_encode(const struct gw_format *f, const gw_record *r,
                                const struct gw_format_clock *clock,
                                const struct gw_format_defaults *defaults,
                                const struct gw_format_fields *fields, struct gw_arena *arena,
                                struct gw_report *report, struct gw_buf *ret)
{
    if (f->media == GW_MEDIA_PROTOBUF)
        return gw_protobuf_encode(f, r, fields, arena, report, ret);
    uint32_t errors = report->count[GW_PROBLEM_ERROR];
    struct gw_slots slots;
    gw_slots_init(&slots, f, arena, report);
    struct encoding e = {.format = f,
                         .record = r,
                         .defaults = defaults,
                         .fields = fields,
                         .report = report,
                         .slots = &slots};
    e.ctx = (struct gw_op_ctx){
        .format = f, .record = r, .today = gw_date_at_utc8(clock->wall_us), .arena = arena};
    if (!fits(&e))
        return GW_INVALID;
    if (fields != NULL)
        GW_TRY(gw_format_withhold(f, r, fields, arena, report, &e.record));
    e.ctx.record = e.record;
    for (size_t i = 0; i < f->field_count; i++) {
        if (!f->field[i].written)
            continue;
        slots.slot[i].form = f->absent_form;
        encode_field(&e, i);
    }
    check_constants(&e);
    gw_loss_report(f, r, fields, report);
    check_widths(&e); /* of our own spellings; the sender's was accepted when it came in */
    apply_extensions(&e);
    gw_rules_check(f, e.record, e.bad, e.filled, true, e.ctx.today, report);
    if (gw_arena_failed(arena))
        return GW_NOMEM;
    if (report->count[GW_PROBLEM_ERROR] != errors)
        return GW_INVALID;
    write_slots(&e, ret);
    return gw_buf_failed(ret);
}
