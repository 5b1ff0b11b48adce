/* Text helpers: UTF-8, hex, base64 (RFC 4648, strict), numbers, near names. */
#ifndef GW_BASE_TEXT_H
#define GW_BASE_TEXT_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"

bool gw_utf8_valid(struct gw_bytes b);
/* Has characters that a reader does not see or that move what he sees: controls (but tab and line
 * ends), zero width, marks of direction, U+2028 and the like. The input must be valid UTF-8. */
bool gw_text_has_hidden(struct gw_bytes b);
/* Number of code points; the input must be valid UTF-8. */
size_t gw_utf8_chars(struct gw_bytes b);
/* Longest prefix of at most `max` bytes that ends at a character boundary. */
struct gw_bytes gw_utf8_cut(struct gw_bytes b, size_t max);
/* Decodes one code point and advances; GW_INVALID on malformed input. */
struct gw_cursor;
GW_MUST_USE enum gw_status gw_utf8_next(struct gw_cursor *c, uint32_t *ret);
/* What is no code point (a surrogate, over U+10FFFF) is written as U+FFFD. */
void gw_utf8_put(struct gw_buf *b, uint32_t cp);

void gw_hex_put(struct gw_buf *b, struct gw_bytes bytes);
/* Lower- or upper-case; hex must be exactly 2 * ret_len digits: GW_INVALID. */
GW_MUST_USE enum gw_status gw_hex_decode(struct gw_bytes hex, uint8_t *ret, size_t ret_len);
/* Standard alphabet with padding. */
void gw_base64_put(struct gw_buf *b, struct gw_bytes bytes);
/* Rejects every spelling but the one (trailing bits, missing padding, white space): GW_INVALID. */
GW_MUST_USE enum gw_status gw_base64_decode(struct gw_bytes text, struct gw_buf *ret);
/* RFC 4648 section 5, without padding: cursors and page tokens. */
void gw_base64url_put(struct gw_buf *b, struct gw_bytes bytes);
GW_MUST_USE enum gw_status gw_base64url_decode(struct gw_bytes text, struct gw_buf *ret);

/* Decimal digits only, no sign, no leading zero but "0" itself; GW_INVALID. */
GW_MUST_USE enum gw_status gw_text_u64(struct gw_bytes b, uint64_t *ret);
/* Takes the next word of a space-separated list off the front; false at the end. */
bool gw_text_word(struct gw_bytes *list, struct gw_bytes *ret);
/* A JSON string with quotes; the input must be valid UTF-8. Control characters become \u00XX. */
void gw_json_put_string(struct gw_buf *b, struct gw_bytes s);
/* The same as the common libraries write it: \b, \f, \n, \r and \t by name. */
void gw_json_put_string_named(struct gw_buf *b, struct gw_bytes s);
/* Edit distance in characters (Damerau, neighbours swapped count one; never more than `cap`): "did
 * you mean". Names of more than 128 characters are `cap` apart unless equal. */
unsigned gw_text_distance(struct gw_bytes a, struct gw_bytes b, unsigned cap);

#endif
