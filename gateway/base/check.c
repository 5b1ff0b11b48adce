/* What happens when we find our own mistake: see GW_BUG_ON in check.h. */
#include "base/check.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"

static atomic_ulong bugs;

void gw_bug(const char *what, const char *file, int line)
{
    atomic_fetch_add_explicit(&bugs, 1, memory_order_relaxed);
    gw_log_write(GW_LOG_ERROR, "base", NULL, "bug: %s at %s:%d", what, file, line);
#ifdef GW_DEBUG
    abort();
#endif
}

unsigned long gw_bug_count(void)
{
    return atomic_load_explicit(&bugs, memory_order_relaxed);
}
