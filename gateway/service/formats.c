/* ListFormats: what can be sent and asked for. */
#include "service/service_internal.h"

static Xinqiao__V1__FormatInfo *info_of(struct gw_arena *a, const struct gw_format *f)
{
    Xinqiao__V1__FormatInfo *m = gw_arena_new_of(a, Xinqiao__V1__FormatInfo);
    if (m == NULL)
        return NULL;
    xinqiao__v1__format_info__init(m);
    m->id = gw_service_str(gw_format_id(f));
    m->title_zh = gw_service_str(gw_format_title(f, "zh"));
    m->title_en = gw_service_str(gw_format_title(f, "en"));
    m->kind = gw_format_kind(f);
    m->media = gw_service_str(gw_format_media(f));
    m->inferred = gw_format_inferred(f);
    return m;
}

int32_t gw_service_list_formats(void *self, struct gw_adapter_call *c, void *state,
                                const ProtobufCMessage *message, void *item)
{
    (void)state;
    (void)message;
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    Xinqiao__V1__ListFormatsResponse m = XINQIAO__V1__LIST_FORMATS_RESPONSE__INIT;
    size_t n = gw_format_count(x.views->formats);
    m.formats = gw_arena_calloc(x.arena, n, sizeof(Xinqiao__V1__FormatInfo *));
    if (m.formats == NULL)
        return -1;
    for (size_t i = 0; i < n; i++) {
        m.formats[i] = info_of(x.arena, gw_format_at(x.views->formats, i));
        if (m.formats[i] == NULL)
            return -1;
    }
    m.n_formats = n;
    m.mapping = gw_service_str(x.views->generation);
    x.host->send(c, &m.base);
    return gw_service_end(&x, "ok");
}
