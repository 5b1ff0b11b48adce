/* Builds everything from a configuration file and runs it: generations, loops, start, reload,
 * drain. */
#ifndef GW_SERVER_SERVER_H
#define GW_SERVER_SERVER_H

#include "base/buf.h"
#include "base/check.h"

/* Exit statuses of xinqiaod, beside 0. */
enum {
    GW_EXIT_OS = 71, /* a socket, a thread or a file could not be had */
    GW_EXIT_LOG_REFUSES =
        73,                /* recovery found a log that contradicts itself: nothing was written */
    GW_EXIT_LOG_DEAD = 74, /* the log could not be made durable (SPEC.md 8.3.4, 21.6) */
    GW_EXIT_CONFIG = 78    /* the configuration is refused; the text says what and where */
};

/* Reads and checks the file and all that it names (formats, law, peers, certificates), opens
 * nothing. Text for a person: what was found, or one line per fault with file and line. */
GW_MUST_USE enum gw_status gw_server_check(const char *conf, struct gw_buf *ret_text);
/* Markdown rows of all options, for conf/README.md. */
void gw_server_print_options(struct gw_buf *ret);
/* Runs until SIGTERM or SIGINT (drains), reloads on SIGHUP. Returns the exit status. */
int gw_server_run(const char *conf);

#endif
