/* The XML codec of one record: <record><FIELD>text</FIELD>...</record>, on expat. No DTD, no
 * entities but the five of XML itself, no attributes, no encoding but UTF-8. Packages of records
 * are split in xml_split.c. */
#include <expat.h>
#include <pthread.h>

#include "base/text.h"
#include "format/format_internal.h"

struct reading {
    struct gw_slots *slots;
    XML_Parser parser;
    uint8_t
        *text; /* in the arena, as long as the input: all text of all fields, one after the other */
    size_t text_len, text_cap;
    size_t start; /* of the present field's text */
    unsigned depth;
    struct gw_bytes name;
    const char *reason; /* what stopped the parser */
    const char *field;
};

static void stop(struct reading *r, const char *reason, const char *field)
{
    if (r->reason == NULL) {
        r->reason = reason;
        r->field = field;
    }
    XML_StopParser(r->parser, XML_FALSE);
}

/* What a report may call the field that is being read: the table's name, or its place. */
static const char *field_of(const struct reading *r, struct gw_bytes name)
{
    const struct gw_format *f = r->slots->format;
    int i = gw_format_field_find(f, name, r->slots->expect);
    return i >= 0 ? f->field[i].cname
                  : gw_format_place_for_report(r->slots->arena, r->slots->seen + 1);
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = user;
    const struct gw_format *f = r->slots->format;
    if (attributes[0] != NULL) {
        stop(r, "xml-attribute",
             r->depth == 0 ? f->record : field_of(r, r->depth == 1 ? gw_bytes_str(name) : r->name));
        return;
    }
    r->depth++;
    if (r->depth == 1 && strcmp(name, f->record) != 0)
        stop(r, "xml-root", "");
    if (r->depth > 2)
        stop(r, "xml-depth", field_of(r, r->name));
    if (r->depth != 2)
        return;
    /* expat's name lives until the element ends only for known fields: unknown ones are copied. */
    int i = gw_format_field_find(f, gw_bytes_str(name), r->slots->expect);
    bool own = i >= 0 && gw_bytes_eq_str(f->field[i].name, name);
    r->name = own ? f->field[i].name : gw_arena_dup(r->slots->arena, gw_bytes_str(name));
    r->start = r->text_len;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    struct reading *r = user;
    (void)name;
    if (r->depth == 2 && r->reason == NULL)
        gw_slots_put(r->slots, r->name, gw_bytes_make(r->text + r->start, r->text_len - r->start),
                     GW_FORM_TEXT);
    r->depth--;
}

static void XMLCALL on_text(void *user, const XML_Char *s, int len)
{
    struct reading *r = user;
    if (r->depth != 2) {
        if (!gw_format_all_blank(gw_bytes_make(s, (size_t)len)))
            stop(r, "malformed-xml", "");
        return;
    }
    if ((size_t)len > r->text_cap - r->text_len) {
        stop(r, "message-too-large", "");
        return;
    }
    memcpy(r->text + r->text_len, s, (size_t)len);
    r->text_len += (size_t)len;
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int internal)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal;
    stop(user, "xml-dtd", "");
}

static void XMLCALL on_declaration(void *user, const XML_Char *version, const XML_Char *encoding,
                                   int standalone)
{
    (void)version;
    (void)standalone;
    if (encoding != NULL && strcasecmp(encoding, "UTF-8") != 0)
        stop(user, "charset-unknown", "");
}

/* ---- one parser per thread: making one costs more than parsing a record ---- */

static pthread_key_t parser_key;
static pthread_once_t parser_once = PTHREAD_ONCE_INIT;

static void parser_free(void *p)
{
    XML_ParserFree(p);
}

static void parser_key_make(void)
{
    /* Without a key (out of keys) each call makes and keeps its own: see parser_get. */
    if (pthread_key_create(&parser_key, parser_free) != 0)
        GW_BUG_ON(true);
}

static XML_Parser parser_get(void)
{
    pthread_once(&parser_once, parser_key_make);
    XML_Parser p = pthread_getspecific(parser_key);
    if (p != NULL) {
        if (XML_ParserReset(p, "UTF-8") == XML_TRUE)
            return p;
        return NULL;
    }
    p = XML_ParserCreate("UTF-8");
    if (p != NULL && pthread_setspecific(parser_key, p) != 0) {
        XML_ParserFree(p);
        return NULL;
    }
    return p;
}

static const char *reason_of(enum XML_Error code)
{
    switch ((int)code) {
    case XML_ERROR_NO_MEMORY:
        return "message-too-large";
    case XML_ERROR_UNDEFINED_ENTITY:
    case XML_ERROR_RECURSIVE_ENTITY_REF:
    case XML_ERROR_ASYNC_ENTITY:
    case XML_ERROR_ENTITY_DECLARED_IN_PE:
        return "xml-entity";
    case XML_ERROR_UNKNOWN_ENCODING:
    case XML_ERROR_INCORRECT_ENCODING:
        return "charset-unknown";
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
        return "input-truncated";
    default:
        return "malformed-xml";
    }
}

bool gw_xml_is_utf16(struct gw_bytes b)
{
    return b.len >= 2 &&
           (b.ptr[0] == 0 || b.ptr[1] == 0 || (b.ptr[0] == 0xfe && b.ptr[1] == 0xff) ||
            (b.ptr[0] == 0xff && b.ptr[1] == 0xfe));
}

enum gw_status gw_xml_read(struct gw_bytes bytes, struct gw_slots *s)
{
    return gw_xml_scan(bytes, s) ? GW_OK : gw_xml_parse(bytes, s);
}

enum gw_status gw_xml_parse(struct gw_bytes bytes, struct gw_slots *s)
{
    struct reading r = {.slots = s, .text_cap = bytes.len};
    /* expat sees UTF-16 by its mark, or by its zero bytes, whatever encoding it was told. */
    if (gw_xml_is_utf16(bytes)) {
        gw_report_add(s->report, GW_PROBLEM_ERROR, "utf8-invalid", "", NULL);
        return GW_INVALID;
    }
    r.text = gw_arena_alloc(s->arena, bytes.len);
    r.parser = parser_get();
    if (r.text == NULL || r.parser == NULL)
        return GW_NOMEM;
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    XML_SetXmlDeclHandler(r.parser, on_declaration);
    if (bytes.len > GW_FORMAT_MAX_RECORD)
        return GW_TOO_LARGE;
    if (XML_Parse(r.parser, (const char *)bytes.ptr, (int)bytes.len, XML_TRUE) == XML_STATUS_OK)
        return GW_OK;
    const char *reason = r.reason != NULL ? r.reason : reason_of(XML_GetErrorCode(r.parser));
    if (strcmp(reason, "malformed-xml") == 0 && !gw_utf8_valid(bytes))
        reason = "utf8-invalid";
    gw_report_add(s->report, GW_PROBLEM_ERROR, reason, r.field != NULL ? r.field : "", "expected",
                  strcmp(reason, "xml-root") == 0 ? s->format->record : "UTF-8", "max", "2", NULL);
    return GW_INVALID;
}

/* ---- writing ---- */

/* A subset of XML's names that needs no table: ASCII letters, digits and - . _ only. */
bool gw_xml_name_ok(struct gw_bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool start = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool rest = (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!start && !(i != 0 && rest))
            return false;
    }
    return name.len != 0;
}

void gw_xml_put_text(struct gw_buf *ret, struct gw_bytes text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *escape;
        switch (text.ptr[i]) {
        case '&':
            escape = "&amp;";
            break;
        case '<':
            escape = "&lt;";
            break;
        case '>':
            escape = "&gt;";
            break;
        case '\r':
            escape = "&#13;"; /* a bare one would be read as a line feed */
            break;
        default:
            continue;
        }
        gw_buf_append(ret, text.ptr + from, i - from);
        gw_buf_str(ret, escape);
        from = i + 1;
    }
    if (from < text.len)
        gw_buf_append(ret, text.ptr + from, text.len - from);
}

static void put_element(struct gw_buf *ret, struct gw_bytes name, struct gw_bytes text)
{
    gw_buf_append(ret, "  <", 3);
    gw_buf_bytes(ret, name);
    gw_buf_u8(ret, '>');
    gw_xml_put_text(ret, text);
    gw_buf_append(ret, "</", 2);
    gw_buf_bytes(ret, name);
    gw_buf_append(ret, ">\n", 2);
}

void gw_xml_write(const struct gw_slots *s, struct gw_buf *ret)
{
    const struct gw_format *f = s->format;
    gw_buf_u8(ret, '<');
    gw_buf_str(ret, f->record);
    gw_buf_append(ret, ">\n", 2);
    for (size_t i = 0; i < f->field_count; i++) {
        const struct gw_slot *slot = &s->slot[i];
        if (slot->form != GW_FORM_OMITTED)
            put_element(ret, f->field[i].name,
                        slot->form <= GW_FORM_TOKEN ? slot->text : GW_BYTES_NONE);
    }
    for (size_t i = 0; i < s->unknown_count; i++)
        put_element(ret, s->unknown[i].name, s->unknown[i].text);
    gw_buf_append(ret, "</", 2);
    gw_buf_str(ret, f->record);
    gw_buf_u8(ret, '>');
}
