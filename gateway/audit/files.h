/* The files of one publication: temporary names first, written back together, then synced and
 * renamed (SPEC 8.4, 21.8). */
#ifndef GW_AUDIT_FILES_H
#define GW_AUDIT_FILES_H

#include "audit/audit_internal.h"

enum { GW_AUDIT_FILES_MAX = 192, GW_AUDIT_DIRS_MAX = 64 };

struct gw_audit_files {
    const char *shard;
    unsigned count;
    struct {
        int fd;
        char name[GW_AUDIT_PATH_MAX]; /* final, below the shard */
    } file[GW_AUDIT_FILES_MAX];
    unsigned dirs;
    char dir[GW_AUDIT_DIRS_MAX][GW_AUDIT_PATH_MAX];
};

struct gw_audit_files *gw_audit_files_new(const char *shard);
void gw_audit_files_free(struct gw_audit_files *f);
/* Puts one file under its temporary name and starts its writeback. A file that is there already
 * must have the same bytes: GW_CORRUPT. GW_NOSPACE, GW_IO. */
GW_MUST_USE enum gw_status gw_audit_files_put(struct gw_audit_files *f, const char *name,
                                              struct gw_bytes data);
/* Syncs all, renames all, syncs the directories; then the set is empty. */
GW_MUST_USE enum gw_status gw_audit_files_commit(struct gw_audit_files *f);
/* Closes and removes what was not committed. */
void gw_audit_files_abort(struct gw_audit_files *f);

#endif
