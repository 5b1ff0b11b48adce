/* Not broken: built with version 1.1, whose struct ended after fini(). What stands behind it in
 * memory is no business of the host's. */
#include "probe.h"

PROBE_ENTRY("old_version", {
    a.abi_minor = 1;
    a.struct_size = offsetof(struct gw_adapter, options);
    memset((char *)&a + a.struct_size, 0x5a, sizeof(a) - a.struct_size);
})
