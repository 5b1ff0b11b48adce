/* Inside `lists pull`: the copy of a list in a folder. `entries/` has a file for each live entry,
 * named by its id; `cursor` says up to where; `pending` is a step that is durable and perhaps not
 * applied yet; `state.json` says how far the list can be relied on. */
#ifndef GW_CMD_LISTS_COPY_H
#define GW_CMD_LISTS_COPY_H

#include "cmd/cmd.h"

enum { GW_LISTS_PATH = 4096 };

struct gw_lists_copy {
    const struct gw_cmd_ctx *c;
    const char *dir, *list, *format, *ending;
    char cursor[4096];  /* of what is applied */
    bool fresh;         /* the next step begins a new copy */
    struct gw_buf step; /* items that were received since */
    uint64_t items;     /* in it */
};
/* Reads the cursor and applies what a kill left pending. `again`: begins a new copy. */
int gw_lists_copy_open(struct gw_lists_copy *k, bool again);
void gw_lists_copy_close(struct gw_lists_copy *k);
/* `record` empty: a removal. */
void gw_lists_copy_add(struct gw_lists_copy *k, struct gw_bytes id, struct gw_bytes record);
/* Makes what was added and the cursor behind it durable, as one step. */
int gw_lists_copy_commit(struct gw_lists_copy *k, const char *cursor);
/* How many entries the copy has. */
int gw_lists_copy_count(const struct gw_lists_copy *k, uint64_t *ret);

#endif
