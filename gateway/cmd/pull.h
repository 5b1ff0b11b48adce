/* Inside the pull subcommand: package files and the cursor that moves with them. */
#ifndef GW_CMD_PULL_H
#define GW_CMD_PULL_H

#include "cmd/package.h"
#include "cmd/remote.h"

struct gw_pull_files {
    const struct gw_cmd_ctx *c;
    /* as given */
    const char *out, *cursor_given;
    uint64_t per_file;
    /* state */
    const struct gw_format *f;
    bool single;    /* `out` is one file */
    bool no_cursor; /* one file, and no cursor file asked for */
    char cursor_path[4096];
    char cursor[4096]; /* where to go on; "" is the beginning */
    uint64_t next;     /* number of the next file */
    struct gw_cmd_writer writer;
    bool writing;
    uint64_t written;
    char last[4096];
};
/* Reads the cursor file and completes what a kill left half done. */
int gw_pull_files_open(struct gw_pull_files *p, const struct gw_format *f);
int gw_pull_files_add(struct gw_pull_files *p, struct gw_bytes record);
bool gw_pull_files_full(const struct gw_pull_files *p);
/* Makes the file and the cursor behind its last record durable, in that order. */
int gw_pull_files_commit(struct gw_pull_files *p, const char *cursor);
/* At the end: what is left. `whole`: the pull ended well, so one file may be written as such. */
int gw_pull_files_finish(struct gw_pull_files *p, const char *cursor, bool whole);
void gw_pull_files_close(struct gw_pull_files *p);

#endif
