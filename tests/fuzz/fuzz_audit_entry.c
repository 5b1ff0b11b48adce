/* fuzz: audit */
/* What the entry decoder accepts, the encoder writes again byte for byte; a body check never reads
 * beyond. */
#include <stdlib.h>

#include "audit/audit_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_audit_entry e;
    struct gw_bytes in = gw_bytes_make(data, size);
    (void)gw_audit_pii_found(in);
    (void)!gw_audit_body_check(in);
    if (gw_audit_entry_decode(in, &e) != GW_OK)
        return 0;
    uint8_t room[GW_AUDIT_ENTRY_MAX];
    struct gw_buf out;
    gw_buf_init_fixed(&out, room, sizeof(room));
    if (gw_audit_entry_encode(&e, &out) != GW_OK || !gw_bytes_eq(gw_buf_view(&out), in))
        abort();
    return 0;
}
