/* Inside `lists publish` and `lists remove`: what is sent and what came of it (lists_send.c). */
#ifndef GW_CMD_LISTS_PUBLISH_H
#define GW_CMD_LISTS_PUBLISH_H

#include "cmd/lists.h"
#include "cmd/package.h"

enum { GW_PUBLISH_MEASURES = 64 };

struct gw_publish {
    const struct gw_cmd_ctx *c;
    struct gw_remote remote;
    const char *path, *list, *format_id, *formats, *version, *as_of, *key_field, *measures;
    bool snapshot, batch, empty;
    uint64_t revision;
    /* resolved */
    const struct gw_format *format;
    struct gw_canon_path key_path;
    char *measure[GW_PUBLISH_MEASURES];
    size_t measure_count;
    int64_t as_of_us;
    uint64_t declared;
    /* the call */
    struct gw_upstream_stream *s;
    struct gw_buf out, in;
    uint64_t sent, answered, shown;
    uint64_t outcome[XINQIAO__V1__LIST_OUTCOME__LIST_OUTCOME_HELD + 1];
    Xinqiao__V1__ListVersionCounts counts; /* of the answer to `close` */
    bool closed_held, closed_applied;
    struct gw_cmd_json j; /* the array of refusals is open */
};
/* The file's rows, as a version or each for itself, until the call's end. GW_EXIT_OK: every item
 * has its receipt; GW_EXIT_SOME_REFUSED: the version itself was refused, nothing else was sent. */
int gw_publish_run(struct gw_publish *p);
/* One removal; `ended_on` may be NULL. */
int gw_publish_remove(struct gw_publish *p, const char *entry, Xinqiao__V1__ListEnd end,
                      Xinqiao__V1__Date *ended_on);

#endif
