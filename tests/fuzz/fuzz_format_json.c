/* fuzz: format */
/* JSON: records and packages of Zhejiang, Suzhou, courts, common lists and scores. First byte: the
 * format. */
#include "format_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* In this order '0' to '8' choose, from the fourth on. */
    static const char *const ids[] = {"zhejiang.list.red@1",  "zhejiang.list.court@1",
                                      "municipal.score@1",    "zhejiang.penalty.unified@1",
                                      "suzhou.penalty@1",     "suzhou.permit@1",
                                      "common.list@1",        "zhejiang.list.serious@1",
                                      "national.list.court@1"};
    return fuzz_one(ids, GW_ARRAY_LEN(ids), data, size);
}
