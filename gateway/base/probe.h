/* GW_PROBE(step, call_id_hex): a USDT probe, a counter and, with --trace, a line in the log. */
#ifndef GW_BASE_PROBE_H
#define GW_BASE_PROBE_H

#include <sys/sdt.h>

#include "base/log.h"

#define GW_PROBE(folder, name, id)                                                                 \
    do {                                                                                           \
        DTRACE_PROBE1(xinqiao, name, (id));                                                        \
        if (GW_UNLIKELY(gw_log_enabled(GW_LOG_TRACE, folder)))                                     \
            gw_log_write(GW_LOG_TRACE, folder, (id), "%s", #name);                                 \
    } while (0)

#endif
