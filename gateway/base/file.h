/* Files: whole reads with a limit, and writes that are there whole or not at all. */
#ifndef GW_BASE_FILE_H
#define GW_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"

/* From the system: GW_NOT_FOUND, GW_DENIED, GW_NOSPACE, GW_NOMEM, else GW_IO. */

/* Appends the file to `ret`, which is unchanged on failure; GW_TOO_LARGE (over ret->max). */
GW_MUST_USE enum gw_status gw_file_read(const char *path, struct gw_buf *ret);
/* The same for a file of key material, checked as gw_file_check_private() on the open file. */
GW_MUST_USE enum gw_status gw_file_read_private(const char *path, struct gw_buf *ret);
/* Temporary name beside it, write, fsync, rename, fsync of the directory. */
GW_MUST_USE enum gw_status gw_file_write_atomic(const char *path, struct gw_bytes data,
                                                mode_t mode);
/* mkdir -p; GW_EXISTS never. */
GW_MUST_USE enum gw_status gw_file_mkdirs(const char *path, mode_t mode);
GW_MUST_USE enum gw_status gw_file_sync_dir(const char *path);
/* Bytes free for us on the file system of `path`. */
GW_MUST_USE enum gw_status gw_file_free_bytes(const char *path, uint64_t *ret);
/* A file of key material: GW_DENIED when group or others can read it or it is not ours. */
GW_MUST_USE enum gw_status gw_file_check_private(const char *path);
/* Sorted names (without . and ..) in an array of malloced strings ended by NULL;
 * gw_file_names_free. */
GW_MUST_USE enum gw_status gw_file_list(const char *dir, char ***ret_names);
void gw_file_names_free(char **names);
/* "dir/name" into ret; GW_TOO_LARGE. */
GW_MUST_USE enum gw_status gw_file_join(char *ret, size_t ret_size, const char *dir,
                                        const char *name);
/* write(2) until done, EINTR handled. */
GW_MUST_USE enum gw_status gw_file_write_all(int fd, struct gw_bytes data);

#endif
