/* What a JSON string says, unescaped while it streams in: a piece may end anywhere, also inside an
 * escape. Whole objects are read by json.h. */
#ifndef GW_FORMAT_JSON_UNESCAPE_H
#define GW_FORMAT_JSON_UNESCAPE_H

#include "base/buf.h"
#include "base/check.h"

struct gw_json_unescape {
    struct gw_buf text; /* the caller's to begin, take and reset */
    bool escaped;
    unsigned hex_left;
    uint32_t hex, high; /* high: first half of a surrogate pair */
};

/* Takes the next byte behind the opening quote. *ret_end is set at the closing quote, else left as
 * it is; GW_INVALID: no JSON string. */
GW_MUST_USE enum gw_status gw_json_unescape(struct gw_json_unescape *u, uint8_t c, bool *ret_end);

#endif
