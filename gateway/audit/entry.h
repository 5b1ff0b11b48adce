/* The table of fields and the halves of the entry codec, for entry.c and entry_body.c. */
#ifndef GW_AUDIT_ENTRY_H
#define GW_AUDIT_ENTRY_H

#include "audit/audit_internal.h"

enum gw_audit_field_type {
    GW_AUDIT_INT,
    GW_AUDIT_BYTES,
    GW_AUDIT_STR,
    GW_AUDIT_CODE,
    GW_AUDIT_SET
};

struct gw_audit_field_row {
    const char *name; /* NULL: no such field */
    enum gw_audit_field_type type;
    uint64_t least, most; /* of the value, or of the length in bytes */
};
extern const struct gw_audit_field_row gw_audit_fields[GW_AF_COUNT];

/* Fields of the mask `which` that are set, ascending and within their limits: GW_INVALID. */
GW_MUST_USE enum gw_status gw_audit_entry_put_fields(const struct gw_audit_entry *e, uint64_t which,
                                                     struct gw_buf *b);
/* Ascending fields of the mask `allowed` to the end of `bytes`, added to *e. */
GW_MUST_USE enum gw_status gw_audit_entry_take_fields(struct gw_bytes bytes, uint64_t allowed,
                                                      struct gw_audit_entry *e);
/* Kind known, and what it asks for is there. */
GW_MUST_USE enum gw_status gw_audit_entry_check_kind(const struct gw_audit_entry *e);

#endif
