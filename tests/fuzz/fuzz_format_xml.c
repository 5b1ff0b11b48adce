/* fuzz: format */
/* XML: national records and packages. First byte: the format. */
#include "format_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ids[] = {"national.penalty.org@2018", "national.penalty.person@2018",
                                      "national.permit.org@2018", "national.permit.person@2018"};
    return fuzz_one(ids, GW_ARRAY_LEN(ids), data, size);
}
