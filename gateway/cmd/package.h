/* Packages of records for the subcommands: formats found and loaded, files read record by record
 * and written with a right header, findings counted. */
#ifndef GW_CMD_PACKAGE_H
#define GW_CMD_PACKAGE_H

#include "cmd/cmd.h"
#include "format/format.h"

/* ---- formats (formats.c) -----------------------------------------------------------------------
 */

/* `dir` NULL: conf/formats beside the program's installation or in the present folder. Says what is
 * wrong; GW_EXIT_OK or the exit code. */
int gw_cmd_formats_load(const struct gw_cmd_ctx *c, const char *dir, struct gw_format_set **ret);
/* Says near names when there is none: NULL. */
const struct gw_format *gw_cmd_format_find(const struct gw_cmd_ctx *c,
                                           const struct gw_format_set *s, const char *id);
/* From a peer file's `defaults` group, or a file that is nothing else (cmd_conf.c). */
int gw_cmd_defaults_load(const struct gw_cmd_ctx *c, const struct gw_format_set *s,
                         const char *path, struct gw_format_defaults **ret);
/* Path of the shipped `name` ("conf/formats") beside the program or in the present folder; NULL:
 * none. Static, until the next call. */
const char *gw_cmd_find_shipped(const char *name);

/* ---- reading (package.c) -----------------------------------------------------------------------
 */

struct gw_cmd_reader {
    const struct gw_cmd_ctx *c;
    const char *path;
    int fd;
    struct gw_format_splitter *splitter; /* NULL: the file is one record */
    struct gw_buf whole;                 /* that record */
    uint8_t *chunk;
    uint64_t size; /* of the file; 0 unknown */
    uint64_t offset;
    uint64_t row; /* of the record that was returned last, from 1 */
    bool last;
    bool other_digest; /* the file was corrected by hand: the header's digest is not held against it
                        */
};
/* `path` "-": standard input. `f` NULL: the whole file is one record, whatever it is. */
int gw_cmd_reader_open(const struct gw_cmd_ctx *c, const struct gw_format *f, const char *path,
                       struct gw_cmd_reader *ret);
/* GW_OK and a borrowed record; GW_NOT_FOUND at the end (then the header's count and digest are
 * checked); anything else was said to the person. */
GW_MUST_USE enum gw_status gw_cmd_reader_next(struct gw_cmd_reader *r, struct gw_bytes *ret);
void gw_cmd_reader_close(struct gw_cmd_reader *r);

/* ---- writing (package.c) -----------------------------------------------------------------------
 */

/* Records gather in an unnamed file, then the package is written with count and digest. */
struct gw_cmd_writer {
    const struct gw_cmd_ctx *c;
    const struct gw_format *f;
    FILE *body;
    struct gw_sha256 *digest;
    struct gw_buf scratch;
    uint64_t count;
};
int gw_cmd_writer_open(const struct gw_cmd_ctx *c, const struct gw_format *f,
                       struct gw_cmd_writer *ret);
int gw_cmd_writer_add(struct gw_cmd_writer *w, struct gw_bytes record);
/* Writes the package to `path` ("-": standard output), synced, not renamed. `like` (may be NULL)
 * gives sender, receiver and so on. */
int gw_cmd_writer_save(struct gw_cmd_writer *w, const char *path,
                       const struct gw_format_package *like);
void gw_cmd_writer_close(struct gw_cmd_writer *w);

/* ---- findings (tally.c) ------------------------------------------------------------------------
 */

/* Counts of findings by (kind, reason, field). */
struct gw_cmd_tally_row {
    int kind; /* enum gw_problem_kind */
    const char *reason;
    const char *field;
    uint64_t count;
};
struct gw_cmd_tally {
    struct gw_map *map;
    struct gw_cmd_tally_row **rows; /* in order of appearance */
    size_t count;
};
void gw_cmd_tally_init(struct gw_cmd_tally *t);
void gw_cmd_tally_fini(struct gw_cmd_tally *t);
void gw_cmd_tally_add(struct gw_cmd_tally *t, int kind, const char *reason, const char *field,
                      uint64_t count);
void gw_cmd_tally_report(struct gw_cmd_tally *t, const struct gw_report *r);
/* One line a row, "  12  字段 X：理由（uscc-check）". */
void gw_cmd_tally_print(const struct gw_cmd_ctx *c, const struct gw_cmd_tally *t, FILE *f);
void gw_cmd_tally_json(const struct gw_cmd_tally *t, struct gw_cmd_json *j, const char *key);
/* "错误", "缺失": name of a kind; and its code ("error", "loss"). */
const char *gw_cmd_kind_title(const struct gw_cmd_ctx *c, int kind);
const char *gw_cmd_kind_code(int kind);

#endif
