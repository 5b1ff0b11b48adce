/* What handlers share: the caller, refusals, and the document that names a person. */
#include <string.h>

#include "scores.h"

const struct gw_adapter_host *score_host;

enum { NUMBER_MAX = 64 };

struct gw_adapter_value score_text(const char *text)
{
    return (struct gw_adapter_value){
        .type = GW_VALUE_TEXT, .bytes = (const uint8_t *)text, .len = strlen(text)};
}

const char *score_peer(struct gw_adapter_call *c)
{
    const char *peer = score_host->lend(c, GW_LEND_PEER_NAME);
    return peer != NULL ? peer : "";
}

int32_t score_refuse(struct gw_adapter_call *c, const char *reason, const char *field)
{
    if (field[0] != '\0') {
        score_host->violation(c, field, reason);
        score_host->parameter(c, "field", field);
    } else {
        score_host->parameter(c, "item", "score");
    }
    score_host->finish(c, reason);
    return 0;
}

const char *score_subject_type(const Xinqiao__V1__IdentityDocument *d)
{
    return d->kind == XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID ? "CN-ID" : "PASSPORT";
}

const char *score_subject_fault(const Xinqiao__V1__IdentityDocument *d, int32_t today,
                                const char **ret_field)
{
    *ret_field = "subject";
    if (d == NULL)
        return "field-missing";
    *ret_field = "subject.kind";
    if (d->kind < XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID ||
        d->kind > XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_OTHER)
        return "field-missing";
    *ret_field = "subject.number";
    if (d->number[0] == '\0')
        return "field-missing";
    if (strlen(d->number) > NUMBER_MAX)
        return "value-range";
    return d->kind == XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID
               ? score_citizen_fault(d->number, today)
               : NULL;
}
