/* The `xinqiao` tool: what all subcommands share. A subcommand is a file and a row in main.c.
 * People read standard output in Chinese or English; programs read the JSON of --json; complaints
 * and progress go to standard error. */
#ifndef GW_CMD_CMD_H
#define GW_CMD_CMD_H

#include <stdio.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"

/* Exit codes; a subcommand that differs says so in its --help. */
enum {
    GW_EXIT_OK = 0,
    GW_EXIT_FAILED = 1,
    GW_EXIT_USAGE = 2,
    GW_EXIT_SOME_REFUSED = 3,
    GW_EXIT_STOPPED = 4,     /* --until came: run again to go on */
    GW_EXIT_UNREACHABLE = 5, /* no connection, or the gateway does not accept who we are */
    GW_EXIT_CALL_REFUSED = 6,
    GW_EXIT_GO_ON = -1 /* of gw_cmd_parse() */
};

struct gw_cmd;
struct gw_cmd_ctx {
    const char *prog;
    const struct gw_cmd *cmd;
    bool zh;
    bool json;
};

struct gw_cmd {
    const char *name; /* one or two words: "log verify" */
    const char *zh, *en;
    int (*run)(struct gw_cmd_ctx *c, int argc, char **argv);
    bool talks; /* to a gateway: a broken connection must not end the program */
};
extern const struct gw_cmd gw_cmd_table[];
extern const size_t gw_cmd_count;

/* The text of the person's language; both literals are checked against the arguments. */
#define TR(c, zh_, en_) ((c)->zh ? (zh_) : (en_))
/* "xinqiao: ..." on standard error, with a newline. */
#define gw_cmd_err(c, zh_, en_, ...)                                                               \
    fprintf(stderr, (c)->zh ? "xinqiao：" zh_ "\n" : "xinqiao: " en_ "\n", ##__VA_ARGS__)

/* ---- options -----------------------------------------------------------------------------------
 */

enum gw_cmd_opt_type {
    GW_OPT_FLAG,  /* bool * */
    GW_OPT_TEXT,  /* const char ** */
    GW_OPT_MAYBE, /* const char **: "" without a value; takes the next word if it looks like a UUID
                   */
    GW_OPT_U64,   /* uint64_t * */
    GW_OPT_END
};
struct gw_cmd_opt {
    enum gw_cmd_opt_type type;
    const char *name;  /* "--from" */
    const char *value; /* "FORMAT" */
    void *ret;
    const char *zh, *en;
};
struct gw_cmd_usage {
    const char *args;                /* "FILE --format F" */
    const struct gw_cmd_opt *opts;   /* ended by GW_OPT_END */
    const struct gw_cmd_opt *common; /* a second list, or NULL */
    const char *notes_zh, *notes_en; /* exit codes and what else to know */
};
/* --help, --lang, --json everywhere. GW_EXIT_GO_ON, or the exit code. */
int gw_cmd_parse(struct gw_cmd_ctx *c, const struct gw_cmd_usage *u, int argc, char **argv,
                 const char **pos, size_t pos_max, size_t *ret_pos);
/* "use --help" and GW_EXIT_USAGE. */
int gw_cmd_usage_hint(const struct gw_cmd_ctx *c);

/* ---- text --------------------------------------------------------------------------------------
 */

/* Columns on a terminal (wide characters count two). */
size_t gw_cmd_width(const char *s);
/* Prints `s` and blanks up to `columns`. */
void gw_cmd_pad(FILE *f, const char *s, size_t columns);
/* "2026-04-01 18:30:05" in UTC+8. */
void gw_cmd_time(int64_t wall_us, char ret[20]);
/* "2026-04-01", "2026-04-01 18:30[:05]" in UTC+8, or RFC 3339 with Z: microseconds. `end` makes a
 * bare date its end. GW_INVALID. */
GW_MUST_USE enum gw_status gw_cmd_time_parse(const char *s, bool end, int64_t *ret_us);
/* "12,345". */
const char *gw_cmd_number(uint64_t n, char ret[32]);
/* Writes to the file as a whole, or complains: GW_EXIT_OK or GW_EXIT_FAILED. */
int gw_cmd_write_file(const struct gw_cmd_ctx *c, const char *path, struct gw_bytes data);
/* Why a file could not be read or written, said to the person; returns GW_EXIT_FAILED. */
int gw_cmd_file_failed(const struct gw_cmd_ctx *c, const char *path, enum gw_status st);
/* A public reason as a sentence without its last stop, then the code in brackets. {field} and
 * {item} are filled where they are known; else the sentence does without them. */
void gw_cmd_reason_text(const struct gw_cmd_ctx *c, struct gw_bytes code, struct gw_bytes field,
                        struct gw_bytes item, struct gw_buf *ret);
/* Folder of this program, without a slash at the end. */
const char *gw_cmd_bin_dir(void);

/* Bar on a terminal only; nothing else sees it. */
struct gw_cmd_progress {
    const char *label;
    int64_t started_us, shown_us;
    bool on;
};
void gw_cmd_progress_begin(struct gw_cmd_progress *p, const char *label);
/* `total` 0: unknown. */
void gw_cmd_progress(struct gw_cmd_progress *p, uint64_t done, uint64_t total);
void gw_cmd_progress_end(struct gw_cmd_progress *p);

/* ---- JSON out ----------------------------------------------------------------------------------
 */

struct gw_cmd_json {
    struct gw_buf b;
    bool comma;
};
void gw_cmd_json_init(struct gw_cmd_json *j);
/* `key` NULL inside arrays and for the root. */
void gw_cmd_json_open(struct gw_cmd_json *j, const char *key, char bracket);
void gw_cmd_json_close(struct gw_cmd_json *j, char bracket);
void gw_cmd_json_str(struct gw_cmd_json *j, const char *key, const char *s);
void gw_cmd_json_bytes(struct gw_cmd_json *j, const char *key, struct gw_bytes s);
void gw_cmd_json_hex(struct gw_cmd_json *j, const char *key, struct gw_bytes s);
void gw_cmd_json_u64(struct gw_cmd_json *j, const char *key, uint64_t v);
void gw_cmd_json_i64(struct gw_cmd_json *j, const char *key, int64_t v);
void gw_cmd_json_bool(struct gw_cmd_json *j, const char *key, bool v);
/* One line on `f`; frees. */
void gw_cmd_json_print(struct gw_cmd_json *j, FILE *f);

/* ---- subcommands -------------------------------------------------------------------------------
 */

int gw_cmd_translate(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_push(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_sheet_verify(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_pull(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_log_search(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_log_show(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_log_verify(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_conf_check(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_status(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_check_list(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_query(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_consent_register(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_consent_revoke(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_consent_status(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_lists(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_lists_held(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_lists_release(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_lists_discard(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_lists_publish(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_lists_remove(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_lists_pull(struct gw_cmd_ctx *c, int argc, char **argv);
int gw_cmd_peer_add(struct gw_cmd_ctx *c, int argc, char **argv);

#endif
