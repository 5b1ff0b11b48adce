/* Masking of persons with the knowledge of the mappings: which kept columns say nothing of a
 * person. What is masked in the record itself is in canon/mask.c. */
#include "format/format_internal.h"

static bool is_impersonal(const struct gw_format_set *s, const Xinqiao__V1__Extension *x)
{
    const struct gw_format *f = gw_format_find(s, gw_bytes_str(x->format), NULL);
    if (f == NULL || f->media == GW_MEDIA_PROTOBUF || x->spelling)
        return false;
    int i = gw_format_field_find(f, gw_bytes_str(x->field), 0);
    return i >= 0 && f->field[i].kept && f->field[i].impersonal;
}

enum gw_status gw_format_mask(const struct gw_format_set *s, gw_record *r, struct gw_arena *arena)
{
    Xinqiao__V1__Extension **all = r->extension;
    size_t count = r->n_extension;
    GW_TRY(gw_canon_mask(r, arena));
    if (count == 0)
        return GW_OK;
    Xinqiao__V1__Extension **kept = gw_arena_calloc(arena, count, sizeof(*kept));
    if (kept == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (is_impersonal(s, all[i]))
            kept[r->n_extension++] = all[i];
    }
    r->extension = r->n_extension != 0 ? kept : NULL;
    return GW_OK;
}
