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
    /* The fast way inside the body, see take_plain(). */
    uint64_t pos;     /* of the stream: what neither expat nor we have taken yet */
    uint64_t skipped; /* bytes that expat was not shown */
    uint64_t looked;  /* how far the present record was searched for its end */
    bool slow;        /* something in the body is not plain: expat does the rest */
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
    x->record_from = (uint64_t)XML_GetCurrentByteIndex(x->parser) + x->skipped;
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
            memcpy(x->item, name, strlen(name) + 1);
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
    if (!gw_format_all_blank(gw_bytes_make(s, (size_t)len)))
        stop(x, "malformed-package");
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

/* What neither expat nor we have taken yet. */
static struct gw_bytes untaken(const struct xml_split *x)
{
    size_t at = (size_t)(x->pos - x->queue.base);
    return at < x->queue.bytes.len ? gw_bytes_make(x->queue.bytes.ptr + at, x->queue.bytes.len - at)
                                   : GW_BYTES_LIT("");
}

/* Comments, sections and instructions may hold a '>': the tokens that expat can be left in the
 * middle of, and then (with deferred reparsing) tells of late. After the first of them expat does
 * the rest. */
static bool is_unplain(const struct xml_split *x, struct gw_bytes piece)
{
    for (size_t at = 0; at + 1 < piece.len; at++) {
        const uint8_t *tag = memchr(piece.ptr + at, '<', piece.len - at - 1);
        if (tag == NULL)
            return false;
        at = (size_t)(tag - piece.ptr);
        /* The declaration stands first, or behind a byte order mark. */
        if (tag[1] == '!' || (tag[1] == '?' && x->pos + at > 3))
            return true;
    }
    return false;
}

static enum gw_status show_expat(struct xml_split *x, size_t len, bool last)
{
    const uint8_t *at = untaken(x).ptr;
    x->slow = x->slow || is_unplain(x, gw_bytes_make(at, len));
    while (true) {
        size_t step = len < FEED_STEP ? len : FEED_STEP;
        x->pos += step;
        len -= step;
        if (XML_Parse(x->parser, (const char *)at, (int)step, last && len == 0) != XML_STATUS_OK)
            break;
        at += step;
        if (len == 0)
            return GW_OK;
    }
    if (x->status != GW_OK)
        return x->status;
    if (x->reason == NULL)
        x->reason = reason_of(XML_GetErrorCode(x->parser), last);
    return GW_INVALID;
}

enum look { TAKEN, NEED_MORE, NOT_PLAIN };

static bool starts(struct gw_bytes b, const char *text, size_t len)
{
    return b.len >= len && memcmp(b.ptr, text, len) == 0;
}

/* Is the tag at `b` (its '<' first) the end of the record, or a reason to leave the record to
 * expat? */
static enum look tag_kind(const struct xml_split *x, struct gw_bytes b, size_t *ret_end)
{
    size_t n = strlen(x->format->record);
    if (b.len < n + 3)
        return NEED_MORE;
    bool name_next = memcmp(b.ptr + 1, x->format->record, n) == 0;
    if (b.ptr[1] == '!' || b.ptr[1] == '?' || name_next)
        return NOT_PLAIN;
    *ret_end = 0;
    if (b.ptr[1] == '/' && memcmp(b.ptr + 2, x->format->record, n) == 0 && b.ptr[n + 2] == '>')
        *ret_end = n + 3;
    return TAKEN;
}

/* Between records of the body: a record that begins plainly and has no comment, section,
 * instruction or record inside ends at its end tag; expat need not see it, for it comes back to
 * where it was. What is wrong inside is then a fault of that record alone, found by its codec, and
 * the package goes on. */
static enum look take_plain(struct xml_split *x)
{
    struct gw_bytes b = untaken(x);
    size_t n = strlen(x->format->record);
    size_t from = 0;
    while (from < b.len && gw_format_is_blank(b.ptr[from]))
        from++;
    if (b.len - from < n + 2)
        return NEED_MORE;
    if (b.ptr[from] != '<' || b.ptr[from + n + 1] != '>' ||
        !starts(gw_bytes_make(b.ptr + from + 1, n), x->format->record, n))
        return NOT_PLAIN;
    size_t at = from + n + 2;
    if (x->looked > x->pos + at)
        at = (size_t)(x->looked - x->pos);
    for (;;) {
        const uint8_t *tag = memchr(b.ptr + at, '<', b.len - at);
        at = tag != NULL ? (size_t)(tag - b.ptr) : b.len;
        x->looked = x->pos + at;
        size_t end = 0;
        enum look kind =
            tag != NULL ? tag_kind(x, gw_bytes_make(tag, b.len - at), &end) : NEED_MORE;
        if (kind != TAKEN)
            return kind;
        if (end != 0) {
            if (at + end - from > GW_FORMAT_MAX_RECORD) {
                x->reason = "message-too-large";
                x->status = GW_INVALID;
                return TAKEN;
            }
            x->status = gw_split_queue_push(&x->queue, x->pos + from, x->pos + at + end);
            x->skipped += at + end;
            x->pos += at + end;
            return TAKEN;
        }
        at++;
    }
}

static bool too_large(struct xml_split *x)
{
    uint64_t from = x->place == IN_RECORD ? x->record_from : x->pos;
    if (gw_split_queue_end(&x->queue) - from > GW_FORMAT_MAX_RECORD)
        x->reason = "message-too-large";
    return x->reason != NULL;
}

/* Expat is shown the stream tag by tag, so that between two tags we know where we are. */
static enum gw_status step(struct xml_split *x, bool last, bool *ret_done)
{
    struct gw_bytes rest = untaken(x);
    if (x->place == IN_BODY && !x->slow) {
        enum look l = take_plain(x);
        if (l == TAKEN)
            return x->status;
        if (l == NEED_MORE && !last) {
            *ret_done = true;
            return GW_OK;
        }
    }
    /* Never a part of a tag: its first byte could be that of a record, and must be kept. */
    const uint8_t *tag_end =
        x->slow ? memrchr(rest.ptr, '>', rest.len) : memchr(rest.ptr, '>', rest.len);
    size_t len = tag_end != NULL ? (size_t)(tag_end - rest.ptr) + 1 : last ? rest.len : 0;
    *ret_done = tag_end == NULL || (len == rest.len && !last);
    if (len == 0 && !last)
        return GW_OK;
    return show_expat(x, len, last && tag_end == NULL);
}

/* What may still be asked for. Expat tells of a record when it has seen enough of it. */
static uint64_t keep_from(const struct xml_split *x)
{
    if (x->place == IN_RECORD)
        return x->record_from;
    XML_Index at = XML_GetCurrentByteIndex(x->parser);
    return !x->slow ? x->pos : at < 0 ? 0 : (uint64_t)at + x->skipped;
}

static enum gw_status xml_feed(void *impl, struct gw_bytes bytes, bool last,
                               const char **ret_reason)
{
    struct xml_split *x = impl;
    enum gw_status st = GW_INVALID;
    if (x->reason == NULL)
        st = gw_split_queue_append(&x->queue, bytes, keep_from(x));
    if (st == GW_OK && x->pos == 0 && gw_xml_is_utf16(gw_buf_view(&x->queue.bytes))) {
        x->reason = "utf8-invalid";
        st = GW_INVALID;
    }
    for (bool done = false; st == GW_OK && !done;)
        st = step(x, last, &done);
    if (st == GW_OK && too_large(x))
        st = GW_INVALID;
    x->ended = st == GW_OK && last;
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
