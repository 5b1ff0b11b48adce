/* The seam between codecs and mapping: name -> field, repeated, unknown and refused fields. */
#include <stdio.h>

#include "base/text.h"
#include "format/format_internal.h"

void gw_slots_init(struct gw_slots *s, const struct gw_format *f, struct gw_arena *arena,
                   struct gw_report *report)
{
    s->format = f;
    s->arena = arena;
    s->report = report;
    for (size_t i = 0; i < f->field_count; i++)
        s->slot[i] = (struct gw_slot){GW_BYTES_NONE, GW_FORM_OMITTED};
    s->unknown_count = 0;
    s->expect = 0;
    s->seen = 0;
}

static uint32_t hash_name(struct gw_bytes name, uint32_t seed)
{
    uint32_t h = seed;
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ name.ptr[i]) * 16777619u;
    return h ^ h >> 15;
}

int gw_format_field_find(const struct gw_format *f, struct gw_bytes name, size_t expect)
{
    /* Senders write table order nearly always. */
    if (expect < f->field_count && gw_bytes_eq(f->field[expect].name, name))
        return (int)expect;
    for (uint32_t i = hash_name(name, f->name_seed);; i++) {
        const struct gw_name_slot *s = &f->names[i & f->name_mask];
        if (s->field == 0)
            return -1;
        if (gw_bytes_eq(s->name, name))
            return s->field - 1;
    }
}

const char *gw_format_place_for_report(struct gw_arena *a, size_t place)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "?%zu", place);
    const char *s = gw_arena_strdup(a, text);
    return s != NULL ? s : "?";
}

/* The nearest name of the table, for the warning. */
static const char *near_name(const struct gw_format *f, struct gw_bytes name)
{
    const char *best = "";
    unsigned least = 6;
    for (size_t i = 0; i < f->field_count; i++) {
        unsigned n = gw_text_distance(name, f->field[i].name, least);
        if (n < least) {
            least = n;
            best = f->field[i].cname;
        }
    }
    return best;
}

static const char *repeated_code(const struct gw_slots *s)
{
    return s->format->media == GW_MEDIA_JSON ? "json-key-repeated" : "field-repeated";
}

static void put_unknown(struct gw_slots *s, struct gw_bytes name, struct gw_bytes text,
                        enum gw_form form)
{
    for (size_t i = 0; i < s->unknown_count; i++) {
        if (gw_bytes_eq(s->unknown[i].name, name)) {
            gw_report_add(s->report, GW_PROBLEM_ERROR, repeated_code(s),
                          gw_format_place_for_report(s->arena, s->seen), NULL);
            return;
        }
    }
    if (s->unknown_count == GW_FORMAT_MAX_UNKNOWN) {
        gw_report_add(s->report, GW_PROBLEM_ERROR, "too-many-fields",
                      gw_format_place_for_report(s->arena, s->seen), "max", "32", NULL);
        return;
    }
    s->unknown[s->unknown_count++] = (struct gw_unknown){name, text, form, s->seen};
}

void gw_slots_put(struct gw_slots *s, struct gw_bytes name, struct gw_bytes text, enum gw_form form)
{
    s->seen++;
    int i = gw_format_field_find(s->format, name, s->expect);
    if (i < 0) {
        /* Kept and carried, but a misspelt name would carry it nowhere: said aloud. */
        gw_report_add(s->report, GW_PROBLEM_WARNING, "field-unknown",
                      gw_format_place_for_report(s->arena, s->seen), "near",
                      near_name(s->format, name), NULL);
        put_unknown(s, name, text, form);
        return;
    }
    const struct gw_field *fld = &s->format->field[i];
    s->expect = (size_t)i + 1;
    struct gw_slot *slot = &s->slot[i];
    if (slot->form != GW_FORM_OMITTED) {
        gw_report_add(s->report, GW_PROBLEM_ERROR, repeated_code(s), fld->cname, NULL);
        return;
    }
    if (fld->refused) {
        /* A column of the other class of subject (D2): empty it is harmless, filled it is refused.
         */
        if (text.len != 0 && form != GW_FORM_NULL && !gw_text_absent(s->format, text)) {
            gw_report_add(s->report, GW_PROBLEM_ERROR, "field-forbidden", fld->cname, NULL);
            return;
        }
        put_unknown(s, name, text, form);
        return;
    }
    if (form == GW_FORM_TEXT && text.len == 0)
        form = GW_FORM_EMPTY;
    *slot = (struct gw_slot){text, form};
}
