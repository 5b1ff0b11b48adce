// The one C++ file: simdjson behind a C function. Chosen by measurement
// of the Debian 12 packages: 3.1 million objects of 1.2 KB a second and core, against 0.58 million
// with yajl and 0.07 million with jansson. Its numbers are taken as source text, never as double.
// On-demand reading does not look at what is skipped, so everything is visited here.
#include "format/json.h"

#include <cstring>
#include <simdjson.h>

namespace
{
using namespace simdjson;

static_assert(GW_JSON_PADDING >= SIMDJSON_PADDING, "padding of json.h");

const char *reason_of(error_code code)
{
    switch (code) {
    case UTF8_ERROR:
        return "utf8-invalid";
    case EMPTY:
    case UNCLOSED_STRING:
    case INCOMPLETE_ARRAY_OR_OBJECT:
        return "input-truncated";
    case CAPACITY:
    case MEMALLOC:
        return "message-too-large";
    case DEPTH_ERROR:
        return "json-depth";
    default:
        return "malformed-json";
    }
}

// RFC 8259 section 6.
bool number_ok(const char *p, size_t len)
{
    const char *end = p + len;
    auto digits = [&] {
        const char *from = p;
        while (p != end && *p >= '0' && *p <= '9')
            p++;
        return p != from;
    };
    if (p != end && *p == '-')
        p++;
    if (p != end && *p == '0')
        p++;
    else if (!digits())
        return false;
    if (p != end && *p == '.') {
        p++;
        if (!digits())
            return false;
    }
    if (p != end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p != end && (*p == '+' || *p == '-'))
            p++;
        if (!digits())
            return false;
    }
    return p == end;
}

std::string_view trimmed(std::string_view v)
{
    while (!v.empty() &&
           (v.back() == ' ' || v.back() == '\n' || v.back() == '\r' || v.back() == '\t'))
        v.remove_suffix(1);
    return v;
}

error_code scalar(ondemand::value &v, ondemand::json_type type, std::string_view *ret)
{
    *ret = trimmed(v.raw_json_token());
    if (type == ondemand::json_type::number)
        return number_ok(ret->data(), ret->size()) ? SUCCESS : NUMBER_ERROR;
    bool b;
    if (type == ondemand::json_type::boolean)
        return v.get_bool().get(b);
    bool is_null;
    return v.is_null().get(is_null) != SUCCESS || !is_null ? N_ATOM_ERROR : SUCCESS;
}

error_code visit(ondemand::value v, unsigned depth);

error_code visit_object(ondemand::object o, unsigned depth)
{
    for (auto member : o) {
        ondemand::field f;
        std::string_view name;
        if (auto e = std::move(member).get(f))
            return e;
        if (auto e = f.unescaped_key().get(name))
            return e;
        if (auto e = visit(f.value(), depth - 1))
            return e;
    }
    return SUCCESS;
}

error_code visit_array(ondemand::array a, unsigned depth)
{
    for (auto element : a) {
        ondemand::value v;
        if (auto e = std::move(element).get(v))
            return e;
        if (auto e = visit(v, depth - 1))
            return e;
    }
    return SUCCESS;
}

// Makes sure that a value we only keep as text is well formed.
error_code visit(ondemand::value v, unsigned depth)
{
    ondemand::json_type type;
    if (depth == 0)
        return DEPTH_ERROR;
    if (auto e = v.type().get(type))
        return e;
    std::string_view text;
    switch (type) {
    case ondemand::json_type::object: {
        ondemand::object o;
        if (auto e = v.get_object().get(o))
            return e;
        return visit_object(o, depth);
    }
    case ondemand::json_type::array: {
        ondemand::array a;
        if (auto e = v.get_array().get(a))
            return e;
        return visit_array(a, depth);
    }
    case ondemand::json_type::string:
        return v.get_string().get(text);
    case ondemand::json_type::number:
    case ondemand::json_type::boolean:
    case ondemand::json_type::null:
        break;
    }
    return scalar(v, type, &text);
}

error_code member_read(ondemand::document &doc, ondemand::field &f, unsigned max_depth,
                       gw_json_member_fn *on_member, void *user)
{
    std::string_view name;
    std::string_view text;
    if (auto e = f.unescaped_key().get(name))
        return e;
    ondemand::value v = f.value();
    ondemand::json_type type;
    if (auto e = v.type().get(type))
        return e;
    gw_json_kind kind = GW_JSON_TOKEN;
    if (type == ondemand::json_type::string) {
        kind = GW_JSON_STRING;
        if (auto e = v.get_string().get(text))
            return e;
    } else if (type == ondemand::json_type::object || type == ondemand::json_type::array) {
        const char *from = v.raw_json_token().data();
        if (auto e = visit(v, max_depth - 1))
            return e;
        const char *to;
        if (auto e = doc.current_location().get(to))
            return e;
        text = trimmed(std::string_view(from, size_t(to - from)));
    } else {
        if (auto e = scalar(v, type, &text))
            return e;
        if (type == ondemand::json_type::null)
            kind = GW_JSON_NULL;
    }
    on_member(user, name.data(), name.size(), text.data(), text.size(), kind);
    return SUCCESS;
}

error_code object_read(ondemand::parser &parser, padded_string_view text, unsigned max_depth,
                       gw_json_member_fn *on_member, void *user)
{
    ondemand::document doc;
    ondemand::object o;
    if (auto e = parser.iterate(text).get(doc))
        return e;
    if (auto e = doc.get_object().get(o)) {
        // No object: still worth saying when it is too deep rather than merely wrong.
        ondemand::array a;
        if (doc.get_array().get(a) == SUCCESS && visit_array(a, max_depth) == DEPTH_ERROR)
            return DEPTH_ERROR;
        return e;
    }
    for (auto member : o) {
        ondemand::field f;
        if (auto e = std::move(member).get(f))
            return e;
        if (auto e = member_read(doc, f, max_depth, on_member, user))
            return e;
    }
    const char *rest;
    return doc.current_location().get(rest) == OUT_OF_BOUNDS ? SUCCESS : TRAILING_CONTENT;
}
} // namespace

extern "C" const char *gw_json_object_read(const uint8_t *text, size_t len, unsigned max_depth,
                                           gw_json_member_fn *on_member, void *user)
{
    // Its buffers grow to the largest record of the thread, at most 1 MiB of text.
    static thread_local ondemand::parser parser;
    padded_string_view view(reinterpret_cast<const char *>(text), len, len + GW_JSON_PADDING);
    error_code e = object_read(parser, view, max_depth, on_member, user);
    return e == SUCCESS ? nullptr : reason_of(e);
}
