/* fuzz: adapter */
/* Descriptor sets of adapters: what is taken is taken whole, and taken again adds nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "adapter/adapter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GW_CLEANUP(gw_adapter_set_freep) struct gw_adapter_set *set = NULL;
    if (gw_adapter_set_new(&set) != GW_OK)
        return 0;
    enum gw_status st = gw_adapter_set_describe(set, gw_bytes_make(data, size));
    size_t len = gw_adapter_descriptor_set(set).len;
    if (len > size)
        abort();
    if (gw_adapter_set_describe(set, gw_bytes_make(data, size)) != st ||
        gw_adapter_descriptor_set(set).len != len)
        abort();
    return 0;
}
