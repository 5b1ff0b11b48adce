/* Its own default is out of its own bounds. */
#include "probe.h"

static const struct gw_adapter_option rows[] = {{.name = "tries",
                                                 .type = GW_OPTION_NUMBER,
                                                 .default_text = "20",
                                                 .min = 1,
                                                 .max = 10,
                                                 .doc = "How often."}};

PROBE_ENTRY("bad_option_row", {
    a.options = rows;
    a.option_count = 1;
})
