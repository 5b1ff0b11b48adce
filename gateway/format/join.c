/* Records into a package file; the inverse of split.c. */
#include <inttypes.h>

#include "base/text.h"
#include "format/format_internal.h"

static void head_item(struct gw_buf *b, const char *name, const char *value)
{
    gw_buf_printf(b, "  <%s>", name);
    gw_xml_put_text(b, gw_bytes_str(value));
    gw_buf_printf(b, "</%s>\n", name);
}

static void xml_begin(const struct gw_format_package *p, struct gw_buf *b)
{
    char count[24];
    struct gw_buf n;
    gw_buf_init_fixed(&n, count, sizeof(count) - 1);
    gw_buf_printf(&n, "%" PRIu64, p->count);
    count[n.len] = '\0';
    gw_buf_str(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<package>\n<head>\n");
    head_item(b, "guid", p->guid);
    head_item(b, "version", p->version);
    head_item(b, "sender", p->sender);
    head_item(b, "receiver", p->receiver);
    head_item(b, "resource", p->resource);
    head_item(b, "area", p->area);
    head_item(b, "timestamp", p->timestamp);
    head_item(b, "mode", p->mode);
    head_item(b, "count", count);
    head_item(b, "digest", p->digest);
    gw_buf_str(b, "</head>\n<body>\n");
}

/* {"code":"00","msg":"","datas":[ in the names of the format's own envelope */
static void json_begin(const struct gw_envelope_spec *e, struct gw_buf *b)
{
    if (e->rows == NULL) {
        gw_buf_str(b, "[\n");
        return;
    }
    gw_buf_u8(b, '{');
    if (e->code != NULL)
        gw_buf_printf(b, "\"%s\":\"%s\",", e->code, e->ok);
    if (e->message != NULL)
        gw_buf_printf(b, "\"%s\":\"\",", e->message);
    gw_buf_printf(b, "\"%s\":[\n", e->rows);
}

enum gw_status gw_format_join_begin(const struct gw_format *f, const struct gw_format_package *p,
                                    struct gw_buf *ret)
{
    switch (f->media) {
    case GW_MEDIA_XML:
        xml_begin(p, ret);
        break;
    case GW_MEDIA_JSON:
        json_begin(&f->envelope, ret);
        break;
    case GW_MEDIA_PROTOBUF:
        gw_buf_str(ret, "xqrec@1\n");
        break;
    }
    return gw_buf_failed(ret);
}

enum gw_status gw_format_join_record(const struct gw_format *f, uint64_t index,
                                     struct gw_bytes record, struct gw_buf *ret)
{
    switch (f->media) {
    case GW_MEDIA_XML:
        gw_buf_bytes(ret, record);
        gw_buf_u8(ret, '\n');
        break;
    case GW_MEDIA_JSON:
        if (index != 0)
            gw_buf_str(ret, ",\n");
        gw_buf_bytes(ret, record);
        break;
    case GW_MEDIA_PROTOBUF:
        gw_buf_varint(ret, record.len);
        gw_buf_bytes(ret, record);
        break;
    }
    return gw_buf_failed(ret);
}

enum gw_status gw_format_join_end(const struct gw_format *f, const struct gw_format_package *p,
                                  struct gw_buf *ret)
{
    switch (f->media) {
    case GW_MEDIA_XML:
        gw_buf_str(ret, "</body>\n</package>\n");
        break;
    case GW_MEDIA_JSON:
        gw_buf_str(ret, "\n]");
        if (f->envelope.rows != NULL && f->envelope.count != NULL)
            gw_buf_printf(ret, ",\"%s\":\"%" PRIu64 "\"", f->envelope.count, p->count);
        gw_buf_str(ret, f->envelope.rows != NULL ? "}\n" : "\n");
        break;
    case GW_MEDIA_PROTOBUF:
        break;
    }
    return gw_buf_failed(ret);
}
