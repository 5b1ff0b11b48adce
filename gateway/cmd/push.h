/* Inside the push subcommand: what is to be sent (push_plan.c), the sending (push_stream.c), what a
 * later run must know (push_state.c), and the feedback by row (feedback.c). */
#ifndef GW_CMD_PUSH_H
#define GW_CMD_PUSH_H

#include "cmd/package.h"
#include "cmd/remote.h"

/* One finding of a refused row. Texts are in both languages; never data. */
struct gw_push_refusal {
    uint64_t row; /* in the file, from 1 */
    char *line;   /* the memory of what follows */
    const char *key, *field, *reason, *zh, *en;
};
struct gw_push_refusals {
    struct gw_push_refusal *items;
    size_t count, cap;
    uint64_t rows; /* distinct; findings of a row come together */
};
void gw_push_refusals_fini(struct gw_push_refusals *l);
GW_MUST_USE enum gw_status gw_push_refusals_add(struct gw_push_refusals *l, uint64_t row,
                                                const char *key, const char *field,
                                                const char *reason, const char *zh, const char *en);

/* ---- what is to be sent ------------------------------------------------------------------------
 */

struct gw_push_plan {
    const struct gw_cmd_ctx *c;
    const struct gw_format
        *format; /* NULL: --raw, the file is one record that is not looked into */
    const char *format_id;
    const char *path;
    struct gw_canon_path key_path; /* --key-field; text NULL: business key */
    uint8_t *selected;             /* --resend: bit per row of the file; NULL: all */
    uint64_t selected_max;
    /* result */
    uint64_t in_file, count;
    struct gw_buf keys;    /* of the rows to send, in order: u8 length, bytes */
    struct gw_hash digest; /* of the batch: over the digests of the rows to send */
    struct gw_format_package package;
    uint64_t bad; /* rows that this program itself finds wrong */
    struct gw_push_refusals refusals;
    struct gw_cmd_tally tally;
};
/* Reads the file once: splits, decodes, makes keys. */
int gw_push_plan_make(struct gw_push_plan *p);
void gw_push_plan_fini(struct gw_push_plan *p);
static inline bool gw_push_plan_has(const struct gw_push_plan *p, uint64_t file_row)
{
    return p->selected == NULL ||
           (file_row <= p->selected_max && (p->selected[file_row / 8] >> (file_row % 8) & 1u) != 0);
}

/* ---- state kept in FILE.xinqiao-batch ----------------------------------------------------------
 */

struct gw_push_counts {
    uint64_t acked; /* rows with a receipt, all in order */
    uint64_t added, repeated, updated, refused;
};
struct gw_push_state {
    char path[4096];
    int fd; /* open for appending; -1: no batch */
    char batch[37];
    bool resumed;
    struct gw_push_counts counts;
};
/* Is there one? */
bool gw_push_state_exists(const char *file);
/* Makes it, or takes up what is there (and refuses one of another file or batch). `batch` "": a new
 * UUID. Earlier refusals are added to the plan's. */
int gw_push_state_open(struct gw_push_state *s, const char *file, const char *batch,
                       struct gw_push_plan *p);
void gw_push_state_refusal(struct gw_push_state *s, const struct gw_push_refusal *r);
void gw_push_state_acked(struct gw_push_state *s);
/* `done`: the sheet is written, the file goes away. */
void gw_push_state_close(struct gw_push_state *s, bool done);

/* ---- sending -----------------------------------------------------------------------------------
 */

struct gw_push_run {
    const struct gw_cmd_ctx *c;
    struct gw_remote *remote;
    struct gw_push_plan *plan;
    struct gw_push_state *state;
    int64_t until_us; /* wall clock; 0: no end */
    bool answered;    /* the gateway has answered this run */
    uint64_t first_entry, last_entry;
    struct gw_cmd_tally tally; /* findings of the receipts */
};
/* Until every row has its receipt. GW_EXIT_OK, GW_EXIT_STOPPED (--until), or a failure that was
 * said. */
int gw_push_stream(struct gw_push_run *r);

/* ---- feedback ----------------------------------------------------------------------------------
 */

/* XML where the name ends in .xml, else JSON. */
int gw_push_feedback_write(const struct gw_cmd_ctx *c, const char *path,
                           const struct gw_push_plan *p, const char *batch,
                           const struct gw_push_refusals *l);
/* Rows named in such a file, as bits. */
int gw_push_feedback_rows(const struct gw_cmd_ctx *c, const char *path, uint8_t **ret_bits,
                          uint64_t *ret_max);

/* ---- batch sheets (sheet.c) --------------------------------------------------------------------
 */

/* The sheet as a text file: for people above, signed bytes below. */
GW_MUST_USE enum gw_status gw_sheet_text(const struct gw_cmd_ctx *c,
                                         const Xinqiao__V1__BatchSheet *sheet, bool with_signature,
                                         struct gw_buf *ret);

#endif
