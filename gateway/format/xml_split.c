/* Splits an XML package into its records while it streams in, on expat.
 * <package><head>..</head><body><record>..: the element names are ours, from the terms of the
 * exchange standards (formats.md section 7) [I]. A bare record passes too. */
#include <expat.h>
#include <stdlib.h>

#include "base/text.h"
#include "format/format_internal.h"
#include "format/split_queue.h"

enum { MAX_XML_DEPTH = 16, FEED_STEP = 1 << 20, MAX_HEAD_TEXT = 256 };

enum place {
    AT_START,
    IN_PACKAGE,
    IN_HEAD,
    IN_HEAD_ITEM,
    AFTER_HEAD,
    IN_BODY,
    IN_RECORD,
    AFTER_BODY,
    AT_END
};

struct xml_split {
    const struct gw_format *format;
    struct gw_format_package *package;
    XML_Parser parser;
    struct gw_split_queue queue;
    enum place place;
    bool bare; /* the root is a record */
    unsigned depth;
    uint64_t record_from;
    char item[32]; /* the head's element being read */
    char text[MAX_HEAD_TEXT];
    size_t text_len;
    bool ended;
    const char *reason;
    enum gw_status status;
};

static void stop(struct xml_split *x, const char *reason)
{
    if (x->reason == NULL)
        x->reason = reason;
    XML_StopParser(x->parser, XML_FALSE);
}

/* ---- the head ---- */

static const struct {
    const char *name;
    size_t offset, size;
} items[] = {
#define ITEM(field)                                                                                \
    {                                                                                              \
#field, offsetof(struct gw_format_package, field),                                         \
            sizeof(((struct gw_format_package *)0)->field)                                         \
    }
    ITEM(guid), ITEM(version),   ITEM(sender), ITEM(receiver), ITEM(resource),
    ITEM(area), ITEM(timestamp), ITEM(mode),   ITEM(digest),
#undef ITEM
};

static void take_item(struct xml_split *x)
{
    struct gw_bytes v = gw_bytes_make(x->text, x->text_len);
    if (strcmp(x->item, "count") == 0) {
        if (gw_text_u64(v, &x->package->count) != GW_OK)
            stop(x, "malformed-package");
        return;
    }
    for (size_t i = 0; i < GW_ARRAY_LEN(items); i++) {
        if (strcmp(items[i].name, x->item) != 0)
            continue;
        char *at = (char *)x->package + items[i].offset;
        if (at[0] != '\0' || v.len >= items[i].size || memchr(v.ptr, 0, v.len) != NULL) {
            stop(x, "malformed-package");
            return;
        }
        memcpy(at, v.ptr, v.len);
        at[v.len] = '\0';
    }
}

static bool head_complete(const struct gw_format_package *p)
{
    bool mode = p->mode[0] == '\0' || strcmp(p->mode, "全量") == 0 || strcmp(p->mode, "增量") == 0;
    return p->guid[0] != '\0' && mode && (p->digest[0] == '\0' || strlen(p->digest) == 64);
}

/* ---- elements ---- */

static void record_begin(struct xml_split *x)
{
    x->place = IN_RECORD;
    x->record_from = (uint64_t)XML_GetCurrentByteIndex(x->parser);
}

static void start_outside(struct xml_split *x, const XML_Char *name)
{
    switch (x->place) {
    case AT_START:
        x->bare = strcmp(name, x->format->record) == 0;
        if (x->bare)
            record_begin(x);
        else if (strcmp(name, "package") == 0)
            x->place = IN_PACKAGE;
        else
            stop(x, "xml-root");
        return;
    case IN_PACKAGE:
    case AFTER_HEAD:
        if (x->place == IN_PACKAGE && strcmp(name, "head") == 0)
            x->place = IN_HEAD;
        else if (strcmp(name, "body") == 0)
            x->place = IN_BODY;
        else
            stop(x, "malformed-package");
        return;
    case IN_HEAD:
        x->place = IN_HEAD_ITEM;
        x->text_len = 0;
        x->item[0] = '\0';
        if (strlen(name) < sizeof(x->item))
            strcpy(x->item, name);
        return;
    case IN_BODY:
        if (strcmp(name, x->format->record) == 0)
            record_begin(x);
        else
            stop(x, "malformed-package");
        return;
    case IN_HEAD_ITEM:
    case IN_RECORD:
    case AFTER_BODY:
    case AT_END:
        stop(x, "malformed-package");
        return;
    }
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_split *x = user;
    x->depth++;
    if (x->depth > MAX_XML_DEPTH) {
        stop(x, "xml-depth");
        return;
    }
    if (x->place == IN_RECORD)
        return; /* the record's own codec looks inside */
    if (attributes[0] != NULL) {
        stop(x, "xml-attribute");
        return;
    }
    start_outside(x, name);
}

static void record_end(struct xml_split *x)
{
    uint64_t to =
        (uint64_t)XML_GetCurrentByteIndex(x->parser) + (uint64_t)XML_GetCurrentByteCount(x->parser);
    x->place = x->bare ? AT_END : IN_BODY;
    if (to - x->record_from > GW_FORMAT_MAX_RECORD) {
        stop(x, "message-too-large");
        return;
    }
    x->status = gw_split_queue_push(&x->queue, x->record_from, to);
    if (x->status != GW_OK)
        stop(x, "internal");
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    struct xml_split *x = user;
    (void)name;
    unsigned depth = x->depth--;
    if (x->reason != NULL)
        return;
    if (x->place == IN_RECORD) {
        if (depth == (x->bare ? 1u : 3u))
            record_end(x);
        return;
    }
    switch (x->place) {
    case IN_HEAD_ITEM:
        take_item(x);
        x->place = IN_HEAD;
        return;
    case IN_HEAD:
        x->place = AFTER_HEAD;
        x->package->has_header = true;
        if (!head_complete(x->package))
            stop(x, "malformed-package");
        return;
    case IN_BODY:
        x->place = AFTER_BODY;
        return;
    case AFTER_BODY:
        x->place = AT_END;
        return;
    case AT_START:
    case IN_PACKAGE:
    case AFTER_HEAD:
    case IN_RECORD:
    case AT_END:
        stop(x, "malformed-package");
        return;
    }
}

static void XMLCALL on_text(void *user, const XML_Char *s, int len)
{
    struct xml_split *x = user;
    if (x->place == IN_RECORD)
        return;
    if (x->place == IN_HEAD_ITEM) {
        if ((size_t)len > sizeof(x->text) - x->text_len) {
            stop(x, "malformed-package");
            return;
        }
        memcpy(x->text + x->text_len, s, (size_t)len);
        x->text_len += (size_t)len;
        return;
    }
    for (int i = 0; i < len; i++) {
        if (s[i] != ' ' && s[i] != '\n' && s[i] != '\r' && s[i] != '\t') {
            stop(x, "malformed-package");
            return;
        }
    }
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int internal)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal;
    stop(user, "xml-dtd");
}

static void XMLCALL on_declaration(void *user, const XML_Char *version, const XML_Char *encoding,
                                   int standalone)
{
    (void)version;
    (void)standalone;
    if (encoding != NULL && strcasecmp(encoding, "UTF-8") != 0)
        stop(user, "charset-unknown");
}

/* ---- feeding ---- */

static const char *reason_of(enum XML_Error code, bool last)
{
    switch ((int)code) {
    case XML_ERROR_UNDEFINED_ENTITY:
    case XML_ERROR_ASYNC_ENTITY:
        return "xml-entity";
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
        return last ? "input-truncated" : "malformed-xml";
    case XML_ERROR_UNKNOWN_ENCODING:
    case XML_ERROR_INCORRECT_ENCODING:
        return "charset-unknown";
    default:
        return "malformed-xml";
    }
}

static enum gw_status parse(struct xml_split *x, struct gw_bytes piece, bool last)
{
    uint64_t keep =
        x->place == IN_RECORD ? x->record_from : (uint64_t)XML_GetCurrentByteIndex(x->parser);
    /* Before the first byte expat answers -1; all is kept then. */
    if (x->place != IN_RECORD && XML_GetCurrentByteIndex(x->parser) < 0)
        keep = 0;
    GW_TRY(gw_split_queue_append(&x->queue, piece, keep));
    if (XML_Parse(x->parser, (const char *)piece.ptr, (int)piece.len, last) != XML_STATUS_OK) {
        if (x->status != GW_OK)
            return x->status;
        if (x->reason == NULL)
            x->reason = reason_of(XML_GetErrorCode(x->parser), last);
        return GW_INVALID;
    }
    if (x->place == IN_RECORD &&
        gw_split_queue_end(&x->queue) - x->record_from > GW_FORMAT_MAX_RECORD) {
        x->reason = "message-too-large";
        return GW_INVALID;
    }
    x->ended = last;
    return GW_OK;
}

static enum gw_status xml_feed(void *impl, struct gw_bytes bytes, bool last,
                               const char **ret_reason)
{
    struct xml_split *x = impl;
    enum gw_status st = x->reason != NULL ? GW_INVALID : GW_OK;
    if (st == GW_OK && bytes.len == 0)
        st = parse(x, bytes, last);
    while (st == GW_OK && bytes.len != 0) {
        size_t step = bytes.len < FEED_STEP ? bytes.len : FEED_STEP;
        st = parse(x, gw_bytes_make(bytes.ptr, step), last && step == bytes.len);
        bytes = gw_bytes_make(bytes.ptr + step, bytes.len - step);
    }
    *ret_reason = x->reason;
    return st;
}

static enum gw_status xml_next(void *impl, struct gw_bytes *ret, const char **ret_reason)
{
    struct xml_split *x = impl;
    (void)ret_reason;
    if (gw_split_queue_pop(&x->queue, ret) == GW_OK)
        return GW_OK;
    return x->ended ? GW_NOT_FOUND : GW_AGAIN;
}

static void xml_free(void *impl)
{
    struct xml_split *x = impl;
    if (x->parser != NULL)
        XML_ParserFree(x->parser);
    gw_split_queue_fini(&x->queue);
    free(x);
}

const struct gw_split_ops gw_xml_split_ops = {xml_feed, xml_next, xml_free};

enum gw_status gw_xml_split_new(const struct gw_format *f, struct gw_format_package *p, void **ret)
{
    struct xml_split *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return GW_NOMEM;
    gw_split_queue_init(&x->queue);
    x->format = f;
    x->package = p;
    x->parser = XML_ParserCreate("UTF-8");
    if (x->parser == NULL) {
        xml_free(x);
        return GW_NOMEM;
    }
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetCharacterDataHandler(x->parser, on_text);
    XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
    XML_SetXmlDeclHandler(x->parser, on_declaration);
    *ret = x;
    return GW_OK;
}
