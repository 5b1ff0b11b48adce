/* Decode: slots -> canonical record, with every violation of the record at once, in the sender's
 * field names. The inverse is encode.c; bytes <-> slots is the codec's work (xml.c, json.c). */
#include <stdio.h>

#include "base/text.h"
#include "format/format_internal.h"

enum { MAX_EXTENSION = GW_FORMAT_MAX_FIELDS + GW_FORMAT_MAX_UNKNOWN + GW_FORM_COUNT };

/* A record on its way in. */
struct decoding {
    const struct gw_format *format;
    struct gw_slots *slots;
    gw_record *record;
    struct gw_op_ctx ctx;
    struct gw_report *report;
    bool bad[GW_FORMAT_MAX_FIELDS];
    bool filled[GW_FORMAT_MAX_FIELDS];
    Xinqiao__V1__Extension *extension[MAX_EXTENSION];
    size_t extension_count;
    enum gw_status status;
};

static const char *arena_text(struct decoding *d, struct gw_bytes b)
{
    const char *s = gw_arena_strndup(d->ctx.arena, b.ptr, b.len);
    if (s == NULL)
        d->status = GW_NOMEM;
    return s != NULL ? s : "";
}

static void add_extension(struct decoding *d, const char *field, struct gw_bytes text,
                          bool spelling, enum gw_form form)
{
    Xinqiao__V1__Extension *e = gw_arena_alloc(d->ctx.arena, sizeof(*e));
    if (e == NULL || d->extension_count == MAX_EXTENSION) {
        d->status = GW_NOMEM;
        return;
    }
    xinqiao__v1__extension__init(e);
    /* protobuf-c's strings are not const; nobody frees or writes those of an arena. */
    e->format = (char *)(uintptr_t)d->format->id;
    e->field = (char *)(uintptr_t)field;
    e->text = (char *)(uintptr_t)arena_text(d, text);
    e->spelling = spelling;
    e->form = (Xinqiao__V1__ExtensionForm)form;
    d->extension[d->extension_count++] = e;
}

/* Blanks at the edges are repaired by the operators; they do not count. */
static size_t chars_between_blanks(struct gw_bytes t)
{
    static const char wide[] = "\xe3\x80\x80";
    while (t.len != 0 && t.ptr[0] <= ' ')
        t = gw_bytes_make(t.ptr + 1, t.len - 1);
    while (t.len != 0 && t.ptr[t.len - 1] <= ' ')
        t.len--;
    while (t.len >= 3 && memcmp(t.ptr, wide, 3) == 0)
        t = gw_bytes_make(t.ptr + 3, t.len - 3);
    while (t.len >= 3 && memcmp(t.ptr + t.len - 3, wide, 3) == 0)
        t.len -= 3;
    return gw_utf8_chars(t);
}

static bool check_text(struct decoding *d, size_t i, struct gw_bytes text)
{
    const struct gw_field *fld = &d->format->field[i];
    if (gw_text_has_control(text)) {
        gw_report_add(d->report, GW_PROBLEM_ERROR, "value-charset", fld->cname, "expected", "UTF-8",
                      NULL);
        return false;
    }
    if (!fld->prose && gw_text_has_hidden(text)) {
        gw_report_add(d->report, GW_PROBLEM_ERROR, "field-control", fld->cname, NULL);
        return false;
    }
    if (fld->width == 0 || text.len <= fld->width)
        return true;
    /* Trap 16: widths are characters; systems that count bytes would cut. */
    if (chars_between_blanks(text) > fld->width) {
        gw_report_reason(d->report, GW_PROBLEM_ERROR, "field-too-long", fld, NULL);
        return false;
    }
    if (fld->free_text)
        gw_report_reason(d->report, GW_PROBLEM_WARNING, "width-bytes", fld, NULL);
    return true;
}

static bool set_values(struct decoding *d, const struct gw_row *row, const struct gw_op_values *v)
{
    const struct gw_field *fld = &d->format->field[row->field];
    for (size_t i = 0; i < row->write_count; i++) {
        if (!v->v[i].present)
            continue;
        if (row->path[i].type == GW_CANON_TEXT) {
            struct gw_canon_value was;
            gw_canon_get(d->record, &row->path[i], &was);
            if (was.present && !gw_value_same(&was, &v->v[i])) {
                /* Two spellings of one column (D11) that disagree. */
                gw_report_add(d->report, GW_PROBLEM_ERROR, "field-repeated", fld->cname, NULL);
                return false;
            }
        }
        enum gw_status st = gw_canon_set(d->record, &row->path[i], &v->v[i], d->ctx.arena);
        if (st == GW_NOMEM) {
            d->status = st;
            return false;
        }
        if (st != GW_OK) {
            gw_report_add(d->report, GW_PROBLEM_ERROR, "mapping-error", fld->cname, "item",
                          row->path[i].text, NULL);
            return false;
        }
    }
    return true;
}

static void decode_row(struct decoding *d, const struct gw_row *row)
{
    const struct gw_format *f = d->format;
    const struct gw_slot *slot = &d->slots->slot[row->field];
    const struct gw_field *fld = &f->field[row->field];
    if (slot->text.len == 0 || slot->form > GW_FORM_TOKEN || d->bad[row->field] ||
        gw_field_text_absent(f, fld, slot->text))
        return;
    if (!gw_conds_hold(row->only, row->only_count, d->record))
        return;
    struct gw_op_values v = {0};
    struct gw_op_ctx *ctx = &d->ctx;
    ctx->differs = false;
    ctx->repaired = false;
    ctx->warning = NULL;
    const char *reason = row->op->decode(row, ctx, slot->text, &v);
    if (reason != NULL) {
        gw_report_reason(d->report, GW_PROBLEM_ERROR, reason, fld, row);
        d->bad[row->field] = true;
        return;
    }
    if (ctx->warning != NULL)
        gw_report_reason(d->report, GW_PROBLEM_WARNING, ctx->warning, fld, row);
    if (ctx->repaired)
        gw_report_add(d->report, GW_PROBLEM_REPAIRED, "repaired", fld->cname, NULL);
    if (!set_values(d, row, &v)) {
        d->bad[row->field] = true;
        return;
    }
    /* A placeholder that was let through fills the column with nothing. */
    d->filled[row->field] = gw_row_has_value(row, &v) || ctx->warning != NULL;
    if (ctx->differs || slot->form == GW_FORM_TOKEN)
        add_extension(d, fld->cname, slot->text, true, slot->form);
}

/* Texts that say "nothing" otherwise than by the format's own way, so that it is written back as it
 * came. */
static void keep_absent_texts(struct decoding *d)
{
    const struct gw_format *f = d->format;
    char list[GW_FORM_COUNT][2048];
    struct gw_buf b[GW_FORM_COUNT];
    for (int k = 0; k < GW_FORM_COUNT; k++)
        gw_buf_init_fixed(&b[k], list[k], sizeof(list[k]));
    for (size_t i = 0; i < f->field_count; i++) {
        const struct gw_slot *slot = &d->slots->slot[i];
        if (f->field[i].refused || d->filled[i])
            continue;
        if (slot->form <= GW_FORM_TOKEN) {
            if (gw_field_text_absent(f, &f->field[i], slot->text))
                add_extension(d, f->field[i].cname, slot->text, true, slot->form);
            continue;
        }
        /* A flag that is not set is written as its word for "no": there an empty column is a
         * spelling. */
        if ((slot->form == f->absent_form && !gw_field_is_flag(&f->field[i])) ||
            !f->field[i].written)
            continue;
        if (b[slot->form].len != 0)
            gw_buf_u8(&b[slot->form], ' ');
        gw_buf_bytes(&b[slot->form], f->field[i].name);
    }
    for (int k = GW_FORM_OMITTED; k < GW_FORM_COUNT; k++) {
        if (b[k].len != 0 && gw_buf_failed(&b[k]) == GW_OK)
            add_extension(d, "", gw_buf_view(&b[k]), true, (enum gw_form)k);
    }
}

static void keep_unknown(struct decoding *d)
{
    for (size_t i = 0; i < d->slots->unknown_count; i++) {
        const struct gw_unknown *u = &d->slots->unknown[i];
        if (gw_text_has_control(u->text) || gw_text_has_control(u->name)) {
            gw_report_add(d->report, GW_PROBLEM_ERROR, "value-charset",
                          gw_format_place_for_report(d->ctx.arena, u->place), "expected", "UTF-8",
                          NULL);
            continue;
        }
        add_extension(d, arena_text(d, u->name), u->text, false, u->form);
    }
}

/* D6 and the like: an empty column that is to be filled from another one. */
static void apply_fallbacks(struct decoding *d)
{
    for (size_t i = 0; i < d->format->row_count; i++) {
        const struct gw_row *row = &d->format->row[i];
        struct gw_canon_value v;
        if (row->fallback.text == NULL || !row->in || d->filled[row->field] || d->bad[row->field])
            continue;
        gw_canon_get(d->record, &row->fallback, &v);
        if (!v.present || gw_canon_set(d->record, &row->path[0], &v, d->ctx.arena) != GW_OK)
            continue;
        d->filled[row->field] = true;
        gw_report_add(d->report, GW_PROBLEM_REPAIRED, "derived", d->format->field[row->field].cname,
                      "because", row->fallback.text, NULL);
    }
}

static void attach_extensions(struct decoding *d)
{
    if (d->extension_count == 0)
        return;
    d->record->extension =
        gw_arena_alloc(d->ctx.arena, d->extension_count * sizeof(d->extension[0]));
    if (d->record->extension == NULL) {
        d->status = GW_NOMEM;
        return;
    }
    memcpy(d->record->extension, d->extension, d->extension_count * sizeof(d->extension[0]));
    d->record->n_extension = d->extension_count;
}

/* A column that this mapping carries without understanding. */
static void keep_field(struct decoding *d, size_t i)
{
    const struct gw_field *fld = &d->format->field[i];
    const struct gw_slot *slot = &d->slots->slot[i];
    if (slot->form > GW_FORM_TOKEN || d->bad[i] || gw_field_text_absent(d->format, fld, slot->text))
        return;
    add_extension(d, fld->cname, slot->text, false, slot->form);
    d->filled[i] = true;
}

/* A condition on a value that is not known (it was refused, say) decides nothing. */
static bool undecided(const struct gw_field *fld, const gw_record *r)
{
    for (size_t i = 0; i < fld->row_count; i++) {
        for (size_t k = 0; k < fld->row[i]->only_count; k++) {
            struct gw_canon_value v;
            gw_canon_get(r, &fld->row[i]->only[k].path, &v);
            if (v.type == GW_CANON_ENUM && v.num == 0)
                return true;
        }
    }
    return false;
}

/* Trap 9: codes of a firm on a person's row, a person's number on a firm's. */
static void check_forbidden(struct decoding *d, size_t i)
{
    const struct gw_field *fld = &d->format->field[i];
    const struct gw_slot *slot = &d->slots->slot[i];
    bool read = false;
    for (size_t k = 0; k < fld->row_count; k++)
        read = read || fld->row[k]->in;
    if (!read || d->bad[i] || slot->form > GW_FORM_TOKEN ||
        gw_field_text_absent(d->format, fld, slot->text) ||
        gw_field_row(fld, d->record, true) != NULL || undecided(fld, d->record))
        return;
    gw_report_add(d->report, GW_PROBLEM_ERROR, "field-forbidden", fld->cname, NULL);
    d->bad[i] = true;
}

/* First those that always hold, then, when the columns are read, those under conditions. */
static void set_constants(struct decoding *d, bool conditional)
{
    for (size_t i = 0; i < d->format->constant_count; i++) {
        const struct gw_constant *c = &d->format->constant[i];
        if ((c->when_count != 0) != conditional ||
            (conditional && !gw_constant_counts(d->format, i, d->record)))
            continue;
        struct gw_canon_value v = {.type = c->path.type,
                                   .present = true,
                                   .num = c->value,
                                   .text = gw_bytes_str(c->text != NULL ? c->text : "")};
        if (gw_canon_set(d->record, &c->path, &v, d->ctx.arena) != GW_OK)
            d->status = GW_NOMEM;
    }
}

static void decode_slots(struct decoding *d)
{
    const struct gw_format *f = d->format;
    for (size_t i = 0; i < f->field_count; i++) {
        const struct gw_slot *slot = &d->slots->slot[i];
        d->bad[i] =
            slot->form <= GW_FORM_TOKEN && !f->field[i].refused && !check_text(d, i, slot->text);
        d->filled[i] = false;
    }
    set_constants(d, false);
    for (size_t i = 0; i < f->row_count; i++) {
        if (f->run[i]->in)
            decode_row(d, f->run[i]);
    }
    apply_fallbacks(d);
    for (size_t i = 0; i < f->field_count; i++) {
        if (f->field[i].kept)
            keep_field(d, i);
        else
            check_forbidden(d, i);
    }
    set_constants(d, true);
    /* A field filled by a column that stands in for it (D11) is filled. */
    for (size_t i = 0; i < f->field_count; i++) {
        const struct gw_row *row =
            d->filled[i] ? NULL : gw_field_row(&f->field[i], d->record, true);
        struct gw_canon_value v;
        if (row == NULL)
            continue;
        gw_canon_get(d->record, &row->path[0], &v);
        d->filled[i] = v.present && row->path[0].type != GW_CANON_ENUM;
    }
    gw_rules_check(f, d->record, d->bad, d->filled, false, d->ctx.today, d->report);
    keep_absent_texts(d);
    keep_unknown(d);
    attach_extensions(d);
}

static enum gw_status read_slots(const struct gw_format *f, struct gw_bytes bytes,
                                 struct gw_slots *s)
{
    static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
    if (bytes.len >= sizeof(bom) && memcmp(bytes.ptr, bom, sizeof(bom)) == 0)
        bytes = gw_bytes_make(bytes.ptr + sizeof(bom), bytes.len - sizeof(bom));
    if (bytes.len > GW_FORMAT_MAX_RECORD) {
        gw_report_add(s->report, GW_PROBLEM_ERROR, "message-too-large", "", "max", "1 MiB", NULL);
        return GW_INVALID;
    }
    return f->media == GW_MEDIA_XML ? gw_xml_read(bytes, s) : gw_json_read(bytes, s);
}

enum gw_status gw_format_decode(const struct gw_format *f, struct gw_bytes bytes,
                                const struct gw_format_clock *clock, struct gw_arena *arena,
                                struct gw_report *report, gw_record **ret)
{
    struct gw_date today = gw_date_at_utc8(clock->wall_us);
    if (f->media == GW_MEDIA_PROTOBUF)
        return gw_protobuf_decode(f, bytes, today, arena, report, ret);
    uint32_t errors = report->count[GW_PROBLEM_ERROR];
    struct gw_slots slots;
    gw_slots_init(&slots, f, arena, report);
    GW_TRY(read_slots(f, bytes, &slots));
    struct decoding d;
    d.format = f;
    d.slots = &slots;
    d.record = gw_canon_record_new(arena);
    d.report = report;
    d.extension_count = 0;
    d.status = GW_OK;
    if (d.record == NULL)
        return GW_NOMEM;
    d.record->kind = f->kind;
    d.record->source_format = (char *)(uintptr_t)f->id;
    d.ctx = (struct gw_op_ctx){.format = f, .record = d.record, .today = today, .arena = arena};
    decode_slots(&d);
    enum gw_status st = gw_derive_sums(d.record, arena);
    if (d.status != GW_OK)
        return d.status;
    if (st == GW_TOO_LARGE) {
        gw_report_add(report, GW_PROBLEM_ERROR, "value-range", "", "expected", "< 10^17", NULL);
        return GW_INVALID;
    }
    GW_TRY(st);
    if (gw_arena_failed(arena))
        return GW_NOMEM;
    if (report->count[GW_PROBLEM_ERROR] != errors)
        return GW_INVALID;
    *ret = d.record;
    return GW_OK;
}
