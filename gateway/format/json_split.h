/* Shared by json_split.c, which owns a splitter and those inside it, and json_split_scan.c, which
 * follows the characters. */
#ifndef GW_FORMAT_JSON_SPLIT_H
#define GW_FORMAT_JSON_SPLIT_H

#include "format/format_internal.h"
#include "format/json_unescape.h"
#include "format/split_queue.h"

enum { GW_JSON_SPLIT_CAPTURE = 64 };

enum gw_json_split_state {
    GW_JSON_SPLIT_START,
    GW_JSON_SPLIT_ARRAY, /* between and inside the elements of an array of records */
    GW_JSON_SPLIT_KEY,   /* a key or the end of the object */
    GW_JSON_SPLIT_IN_KEY,
    GW_JSON_SPLIT_COLON,
    GW_JSON_SPLIT_VALUE,
    GW_JSON_SPLIT_SKIP, /* inside a value that is no rows */
    GW_JSON_SPLIT_ROWS, /* inside rows that are an array or object: handed to the inner splitter */
    GW_JSON_SPLIT_ROWS_TEXT, /* inside rows that are a string: handed on unescaped */
    GW_JSON_SPLIT_AFTER_TEXT,
    GW_JSON_SPLIT_END
};

struct gw_json_split {
    const struct gw_format *format;
    struct gw_format_package *package; /* inner ones share it */
    struct gw_split_queue queue;
    uint64_t pos; /* next byte to look at */
    enum gw_json_split_state state;
    unsigned level, depth;
    bool in_string, escaped;
    bool in_record;
    uint64_t from;  /* of the element or bare object being read */
    bool enveloped; /* a member that only an envelope has was seen */
    bool saw_rows;
    char key[GW_JSON_SPLIT_CAPTURE], value[GW_JSON_SPLIT_CAPTURE];
    size_t key_len, value_len;
    struct gw_json_unescape text; /* of rows that are a string */
    struct gw_json_split *inner;
    bool code_bad;
    bool any, ended;
    const char *reason;
};

/* Keeps the first reason. GW_INVALID. */
GW_MUST_USE static inline enum gw_status gw_json_split_fail(struct gw_json_split *j,
                                                            const char *reason)
{
    if (j->reason == NULL)
        j->reason = reason;
    return GW_INVALID;
}

/* json_split.c. The splitter of rows that hold JSON again: there is one at the most. */
GW_MUST_USE enum gw_status gw_json_split_inner_new(struct gw_json_split *j);
GW_MUST_USE enum gw_status gw_json_split_inner_feed(struct gw_json_split *j, struct gw_bytes bytes,
                                                    bool last);
/* json_split_scan.c. Looks at what the queue holds from `pos` on. */
GW_MUST_USE enum gw_status gw_json_split_scan(struct gw_json_split *j);

#endif
