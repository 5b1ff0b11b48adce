/* The text log: one JSON object a line on standard error (or a file), with the call id where there
 * is one. Never personal data: callers pass codes, ids and numbers. */
#ifndef GW_BASE_LOG_H
#define GW_BASE_LOG_H

#include <stdbool.h>

#include "base/check.h"

enum gw_log_level { GW_LOG_TRACE, GW_LOG_DEBUG, GW_LOG_INFO, GW_LOG_WARN, GW_LOG_ERROR };

/* To standard error until set; `fd` stays the caller's; a file is opened with O_APPEND, or lines of
 * two threads can overwrite each other. `plain` writes text for people, not JSON. */
void gw_log_setup(int fd, enum gw_log_level level, bool plain);
/* Parses "trace".."error". */
GW_MUST_USE enum gw_status gw_log_level_parse(const char *s, enum gw_log_level *ret);
/* --trace=http2,format: those folders log from trace upwards. Borrowed for the life of the process.
 */
void gw_log_trace_folders(const char *comma_list);
bool gw_log_enabled(enum gw_log_level level, const char *folder);
/* `call_id` may be NULL. Thread safe; one write(2) a line. */
void gw_log_write(enum gw_log_level level, const char *folder, const char *call_id, const char *fmt,
                  ...) GW_PRINTF(4, 5);

#define GW_LOG(level, folder, ...)                                                                 \
    do {                                                                                           \
        if (gw_log_enabled((level), (folder)))                                                     \
            gw_log_write((level), (folder), NULL, __VA_ARGS__);                                    \
    } while (0)

#endif
