/* Members of one JSON object, in order; behind it simdjson (json_read.cc), seen nowhere else. */
#ifndef GW_FORMAT_JSON_H
#define GW_FORMAT_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GW_JSON_PADDING = 64 }; /* readable bytes behind the text */

enum gw_json_kind { GW_JSON_STRING, GW_JSON_TOKEN, GW_JSON_NULL };
/* Name and string values are unescaped UTF-8, borrowed until the next object is read by this
 * thread; tokens (numbers, true, false, arrays, objects) are the source text. */
typedef void gw_json_member_fn(void *user, const char *name, size_t name_len, const char *text,
                               size_t text_len, enum gw_json_kind kind);
/* NULL, or a public reason code. The whole text must be one object. */
const char *gw_json_object_read(const uint8_t *text, size_t len, unsigned max_depth,
                                gw_json_member_fn *on_member, void *user);

#ifdef __cplusplus
}
#endif

#endif
