/* fuzz: format */
/* Canonical protobuf, extensions included: a peer may send any. First byte: the format. */
#include "format_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ids[] = {"canonical.record@1"};
    return fuzz_one(ids, GW_ARRAY_LEN(ids), data, size);
}
