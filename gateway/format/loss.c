/* Losses (DESIGN section 5): what a source can fill and a target can not hold. The list of each
 * pair is computed at load; at run time only its paths are looked at. What must never be lost
 * refuses the record. */
#include "format/format_internal.h"

/* Losing one of these is a refusal, unless the value is the harmless one, or the law derives it
 * anyway. */
static const struct {
    const char *path;
    const char *harmless; /* a text value that says nothing */
} never_lost[] = {
    {"status", NULL},
    {"procedure", NULL},
    {"breach_class", NULL},
    {"publicity_to", NULL},
    {"use_to", NULL},
    {"subject.subject_class", NULL},
    {"penalty.kinds", NULL},
    {"penalty.kind_other", NULL},
    {"penalty.basis", NULL},
    {"penalty.fine", NULL},
    {"penalty.confiscated", NULL},
    {"penalty.valid_to", NULL},
    {"penalty.case_cancelled", NULL},
    /* 1 and 2 restrict who may see the record; a format without the column would set it free. */
    {"penalty.usage_range", "0"},
    {"penalty.discredit_level", "0"},
    /* Which list, by what basis, until when: without them a listing is another one. */
    {"list_entry.list", NULL},
    {"list_entry.basis", NULL},
    {"list_entry.ends_on", NULL},
    {"list_entry.removed_on", NULL},
    /* A number without its scale, edition or day is no score. */
    {"score.scale", NULL},
    {"score.edition", NULL},
    {"score.hundredths", NULL},
    {"score.as_of", NULL},
};

/* Made by the gateway for itself: no content of the sender. */
static const char *const envelope[] = {
    "id",          "revision",       "kind",        "source_peer",   "key",
    "legal_basis", "authority_time", "received_at", "source_format", "area"};

bool gw_loss_is_protected(const char *path)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(never_lost); i++) {
        if (strcmp(never_lost[i].path, path) == 0)
            return true;
    }
    return false;
}

static bool is_harmless(const struct gw_loss *l, const struct gw_canon_value *v)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(never_lost); i++) {
        if (strcmp(never_lost[i].path, l->path->text) == 0)
            return never_lost[i].harmless != NULL &&
                   gw_bytes_eq_str(v->text, never_lost[i].harmless);
    }
    return false;
}

/* ---- all leaf paths of the canonical record ---- */

static bool is_envelope(const char *path)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(envelope); i++) {
        if (strcmp(envelope[i], path) == 0)
            return true;
    }
    return false;
}

static enum gw_status walk(struct gw_format_set *s, const ProtobufCMessageDescriptor *d,
                           const char *prefix)
{
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        char *text =
            gw_arena_printf(s->arena, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", f->name);
        if (text == NULL)
            return GW_NOMEM;
        if (is_envelope(text))
            continue;
        const char *why;
        struct gw_canon_path p;
        if (gw_canon_path_compile(text, &p, &why) == GW_OK) {
            if (s->path_count == GW_FORMAT_MAX_PATHS_ALL)
                return GW_TOO_LARGE;
            s->path[s->path_count++] = p;
        } else if (f->type == PROTOBUF_C_TYPE_MESSAGE && f->label != PROTOBUF_C_LABEL_REPEATED) {
            GW_TRY(walk(s, f->descriptor, text));
        }
    }
    return GW_OK;
}

/* ---- the list of a pair ---- */

static const char *filled_by(const struct gw_format *f, const char *path)
{
    for (size_t i = 0; i < f->row_count; i++) {
        for (size_t k = 0; f->row[i].in && k < f->row[i].write_count; k++) {
            if (strcmp(f->row[i].path[k].text, path) == 0)
                return f->field[f->row[i].field].cname;
        }
    }
    return NULL;
}

static bool is_constant(const struct gw_format *f, const char *path)
{
    for (size_t i = 0; i < f->constant_count; i++) {
        if (strcmp(f->constant[i].path.text, path) == 0)
            return true;
    }
    return false;
}

/* The enumeration beside free text, or the flag beside a code, is held only as far as it reads
 * back. */
static bool holds_always(const struct gw_row *row)
{
    return row->only_count == 0 && row->write_count < 3 && !row->derive_kind && !row->either;
}

static bool has_row_for(const struct gw_format *t, const char *path)
{
    for (size_t i = 0; i < t->row_count; i++) {
        if (t->row[i].out && strcmp(t->row[i].path[0].text, path) == 0)
            return true;
    }
    return false;
}

/* false: held in every case, nothing to list. */
static bool loss_of(const struct gw_format *t, struct gw_loss *l)
{
    l->held_count = 0;
    if (is_constant(t, l->path->text))
        return false;
    /* A sum is held by its two parts; where they can not be told apart, encode refuses
     * (target-split). */
    if (strcmp(l->path->text, "penalty.confiscated") == 0 &&
        has_row_for(t, "penalty.confiscated_income") && has_row_for(t, "penalty.confiscated_goods"))
        return false;
    for (size_t i = 0; i < t->row_count; i++) {
        const struct gw_row *row = &t->row[i];
        for (size_t k = 0; row->out && k < row->write_count; k++) {
            if (strcmp(row->path[k].text, l->path->text) != 0)
                continue;
            if (holds_always(row))
                return false;
            if (l->held_count < GW_ARRAY_LEN(l->held_by))
                l->held_by[l->held_count++] = row;
        }
    }
    return true;
}

static enum gw_status compile_pair(struct gw_format_set *s, const struct gw_format *source,
                                   const struct gw_format *t, struct gw_loss_list *ret)
{
    struct gw_loss *items = gw_arena_calloc(s->arena, s->path_count, sizeof(*items));
    size_t count = 0;
    if (items == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < s->path_count; i++) {
        struct gw_loss l = {.path = &s->path[i], .name = s->path[i].text};
        l.is_protected = gw_loss_is_protected(l.name);
        l.by_list =
            source != NULL && filled_by(source, l.name) == NULL &&
            (strcmp(l.name, "list_entry.ends_on") == 0 || strcmp(l.name, "list_entry.basis") == 0);
        if (!gw_canon_path_of_kind(l.name, t->kind))
            continue;
        const char *name = source != NULL ? filled_by(source, l.name) : l.name;
        /* What must never be lost is looked at whatever the source can fill: a law or a correction
         * may have set it. */
        if (name == NULL && !l.is_protected)
            continue;
        if (name != NULL)
            l.name = name;
        if (loss_of(t, &l))
            items[count++] = l;
    }
    *ret = (struct gw_loss_list){items, count};
    return GW_OK;
}

enum gw_status gw_loss_compile(struct gw_format_set *s)
{
    GW_TRY(walk(s, &xinqiao__v1__record__descriptor, ""));
    for (size_t t = 0; t < s->count; t++) {
        if (s->format[t]->media == GW_MEDIA_PROTOBUF)
            continue;
        struct gw_loss_list *lists = gw_arena_calloc(s->arena, s->count + 1, sizeof(*lists));
        if (lists == NULL)
            return GW_NOMEM;
        for (size_t i = 0; i <= s->count; i++) {
            const struct gw_format *source = i < s->count ? s->format[i] : NULL;
            if (source != NULL &&
                (source->kind != s->format[t]->kind || source->media == GW_MEDIA_PROTOBUF))
                source = NULL;
            GW_TRY(compile_pair(s, source, s->format[t], &lists[i]));
        }
        s->format[t]->loss = lists;
    }
    return GW_OK;
}

/* ---- at run time ---- */

/* Does a conditional row carry this very value of this record? Written and read back. */
static bool held(const struct gw_format *t, const gw_record *r, const struct gw_loss *l,
                 struct gw_arena *arena)
{
    for (size_t i = 0; i < l->held_count; i++) {
        const struct gw_row *row = l->held_by[i];
        if (gw_field_row(&t->field[row->field], r, false) != row)
            continue;
        struct gw_op_ctx ctx = {.format = t, .record = r, .today = {9999, 12, 31}, .arena = arena};
        struct gw_op_values v;
        struct gw_op_values back = {0};
        struct gw_bytes text;
        gw_row_get(row, r, &v);
        if (row->op->encode(row, &ctx, &v, &text) != NULL ||
            row->op->decode(row, &ctx, text, &back) != NULL)
            continue;
        for (size_t k = 0; k < row->write_count; k++) {
            if (strcmp(row->path[k].text, l->path->text) == 0 && gw_value_same(&v.v[k], &back.v[k]))
                return true;
        }
    }
    return false;
}

/* The law decides the same without being told, or has no use for the value: reported, not refused.
 */
static bool derivable(const gw_record *r, const struct gw_loss *l, const struct gw_canon_value *v)
{
    const struct gw_derivation *d = gw_derivation_for_path(l->path->text);
    struct gw_canon_value derived = {0};
    const char *reason;
    return d != NULL && d->derive(r, &derived, &reason) == GW_OK &&
           (d->moot || gw_value_same(&derived, v));
}

static size_t source_index(const struct gw_format_set *s, const char *source_format)
{
    for (size_t i = 0; i < s->count; i++) {
        /* Records decoded in this generation point at the id itself. */
        if (s->format[i]->id == source_format || strcmp(s->format[i]->id, source_format) == 0)
            return i;
    }
    return s->count;
}

/* Measures are a list of texts, no value of a row: no text format has a column for them. */
static void report_measures(const gw_record *r, const struct gw_format_fields *fields,
                            struct gw_report *report)
{
    static const char path[] = "list_entry.measures";
    if (r->payload_case != XINQIAO__V1__RECORD__PAYLOAD_LIST_ENTRY || r->list_entry == NULL ||
        r->list_entry->n_measures == 0 || (fields != NULL && !gw_format_fields_allow(fields, path)))
        return;
    gw_report_add(report, GW_PROBLEM_LOSS, "loss", path, NULL);
}

void gw_loss_report(const struct gw_format *t, const gw_record *r,
                    const struct gw_format_fields *fields, struct gw_report *report)
{
    const struct gw_loss_list *list = &t->loss[source_index(t->set, r->source_format)];
    report_measures(r, fields, report);
    for (size_t i = 0; i < list->count; i++) {
        const struct gw_loss *l = &list->items[i];
        struct gw_canon_value v;
        gw_canon_get(r, l->path, &v);
        if (!v.present)
            continue;
        if (fields != NULL && !l->is_protected && !gw_format_fields_allow(fields, l->path->text))
            continue; /* withheld anyway */
        if (l->held_count != 0 && held(t, r, l, report->arena))
            continue;
        bool fatal = l->is_protected && !l->by_list && !is_harmless(l, &v) && !derivable(r, l, &v);
        gw_report_add(report, fatal ? GW_PROBLEM_ERROR : GW_PROBLEM_LOSS,
                      fatal ? "target-no-place" : "loss", l->name, NULL);
    }
}
