/* Reading the exchange log for people: which folder, one sentence an entry, all fields. Offline:
 * what is read here leaves no ACCESS entry, so whoever holds the files answers for that. */
#ifndef GW_CMD_LOG_H
#define GW_CMD_LOG_H

#include "audit/audit.h"
#include "cmd/cmd.h"

/* The shard folder: `dir` itself, or the newest shard below it. GW_EXIT_OK, or GW_EXIT_USAGE after
 * a complaint. */
int gw_log_shard(const struct gw_cmd_ctx *c, const char *dir, char *ret, size_t size);
/* All shards of a log folder, sorted (or the one that it is): malloced, for gw_file_names_free. */
GW_MUST_USE enum gw_status gw_log_shards(const char *dir, char ***ret);
/* One sentence, no newline. */
void gw_log_sentence(const struct gw_cmd_ctx *c, const struct gw_audit_entry *e,
                     struct gw_buf *ret);
/* All fields as members of an open object. */
void gw_log_json(const struct gw_audit_entry *e, struct gw_cmd_json *j);
/* A field's value for people. */
void gw_log_value(const struct gw_audit_entry *e, enum gw_audit_field f, struct gw_buf *ret);
/* "exchange", "允许": names of kinds and decisions. */
const char *gw_log_kind_code(uint64_t kind);

#endif
