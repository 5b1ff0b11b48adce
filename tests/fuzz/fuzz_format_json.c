/* fuzz: format */
/* JSON: Zhejiang and Suzhou records and packages. First byte: the format. */
#include "format_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ids[] = {"zhejiang.penalty.unified@1", "suzhou.penalty@1",
                                      "suzhou.permit@1"};
    return fuzz_one(ids, GW_ARRAY_LEN(ids), data, size);
}
