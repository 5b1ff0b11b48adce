/* Reasons of the adapter, and the findings of one row: its own and those of the host's record
 * operations. */
#include "sanction_list.h"

const struct gw_adapter_reason sl_reasons[] = {
#define SL_REASON_ROW(code_, grpc_, zh_, en_) {.code = code_, .grpc = grpc_, .zh = zh_, .en = en_},
#include "reasons.def"
#undef SL_REASON_ROW
};
const size_t sl_reason_count = sizeof(sl_reasons) / sizeof(sl_reasons[0]);

const struct gw_adapter_reason *sl_reason(const char *code)
{
    for (size_t i = 0; i < sl_reason_count; i++)
        if (strcmp(sl_reasons[i].code, code) == 0)
            return &sl_reasons[i];
    return NULL;
}

static void add(struct gw_adapter_call *c, struct sl_findings *f,
                const struct gw_adapter_finding *from)
{
    if (from->type == GW_FINDING_ERROR && f->error == NULL)
        f->error = from->reason;
    if (f->count == SL_FINDINGS)
        return;
    Xinqiao__V1__Finding *m = sl_zalloc(c, sizeof(*m));
    if (m == NULL)
        return;
    xinqiao__v1__finding__init(m);
    m->type = (Xinqiao__V1__Finding__Type)from->type;
    m->reason = sl_dup(c, from->reason);
    m->field = sl_dup(c, from->field != NULL ? from->field : "");
    m->text_zh = sl_dup(c, from->text_zh != NULL ? from->text_zh : "");
    m->text_en = sl_dup(c, from->text_en != NULL ? from->text_en : "");
    m->row = from->row;
    f->item[f->count++] = m;
}

void sl_find(struct gw_adapter_call *c, struct sl_findings *f, const char *reason,
             const char *field)
{
    const struct gw_adapter_reason *r = sl_reason(reason);
    const struct gw_adapter_finding one = {.type = GW_FINDING_ERROR,
                                           .reason = reason,
                                           .field = field,
                                           .text_zh = r != NULL ? r->zh : "",
                                           .text_en = r != NULL ? r->en : ""};
    add(c, f, &one);
}

void sl_find_host(struct gw_adapter_call *c, struct sl_findings *f)
{
    struct gw_adapter_finding one;
    for (size_t i = 0; sl_host->finding(c, i, &one) == 0; i++)
        add(c, f, &one);
}
