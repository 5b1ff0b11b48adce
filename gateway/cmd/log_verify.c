/* `xinqiao log verify`: is the log whole, unchanged and signed by whom we think? For auditors;
 * needs nothing but the files and the published key. */
#include "cmd/log.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_UNREADABLE = 2 };

static void progress(void *arg, uint64_t done, uint64_t total)
{
    gw_cmd_progress(arg, done, total);
}

/* The old checkpoint belongs to the shard whose origin is its first line. */
static bool same_origin(struct gw_bytes note, struct gw_bytes other)
{
    const uint8_t *a = memchr(note.ptr, '\n', note.len);
    const uint8_t *b = other.len != 0 ? memchr(other.ptr, '\n', other.len) : NULL;
    return a != NULL && b != NULL &&
           gw_bytes_eq(gw_bytes_make(note.ptr, (size_t)(a - note.ptr)),
                       gw_bytes_make(other.ptr, (size_t)(b - other.ptr)));
}

static struct gw_bytes line_of(struct gw_bytes *rest)
{
    const uint8_t *end = rest->len != 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->ptr) : rest->len;
    struct gw_bytes line = gw_bytes_make(rest->ptr, len);
    *rest = end != NULL ? gw_bytes_make(end + 1, rest->len - len - 1) : GW_BYTES_NONE;
    return line;
}

/* Origin, size, root, a blank line, signatures. Whether they hold, verification says. */
static bool looks_like_checkpoint(struct gw_bytes note)
{
    uint64_t size;
    struct gw_bytes origin = line_of(&note), number = line_of(&note), root = line_of(&note);
    struct gw_bytes blank = line_of(&note);
    return origin.len != 0 && gw_text_u64(number, &size) == GW_OK && root.len == 44 &&
           blank.len == 0 && note.len > 4 && memcmp(note.ptr, "\xe2\x80\x94 ", 4) == 0;
}

static void say(const struct gw_cmd_ctx *c, const char *shard, const struct gw_audit_verdict *v,
                bool old_given, bool had_old)
{
    char n[32];
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_str(&j, "shard", shard);
        gw_cmd_json_bool(&j, "good", v->good);
        gw_cmd_json_str(&j, "origin", v->origin);
        gw_cmd_json_u64(&j, "entries", v->size);
        if (v->bad_seq != UINT64_MAX)
            gw_cmd_json_u64(&j, "bad_entry", v->bad_seq);
        if (v->good)
            gw_cmd_json_u64(&j, "beyond_checkpoint", v->beyond);
        gw_cmd_json_bool(&j, "old_checkpoint", had_old);
        gw_cmd_json_str(&j, "problem", TR(c, v->problem_zh, v->problem_en));
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
        return;
    }
    if (v->good) {
        printf(TR(c, "合格：%s 共 %s 条，完整、未被改动，签名有效（%s）。\n",
                  "good: %s has %s entries, whole, unchanged, signature valid (%s).\n"),
               v->origin, gw_cmd_number(v->size, n), shard);
        if (v->beyond != 0)
            printf(TR(c, "提示：目录中另有 %s 条不在检查点覆盖之内，未核验。\n",
                      "note: %s more entries lie in the folder, not covered by the checkpoint and "
                      "not verified.\n"),
                   gw_cmd_number(v->beyond, n));
        if (!had_old && old_given)
            printf("%s", TR(c, "提示：--old 的 checkpoint 不属于此日志。\n",
                            "note: the --old checkpoint is not of this log.\n"));
        else if (!had_old)
            printf("%s",
                   TR(c,
                      "提示：未给出以往保存的 checkpoint（--old），无法发现整体重写；请保存本次的 "
                      "checkpoint 供下次核验。\n",
                      "note: no checkpoint kept from earlier was given (--old), so a log that "
                      "was rewritten as a whole would pass; keep this checkpoint for the next "
                      "time.\n"));
        return;
    }
    const char *problem = TR(c, v->problem_zh, v->problem_en);
    char seq[24];
    snprintf(seq, sizeof(seq), "%" PRIu64, v->bad_seq);
    printf(TR(c, "不合格：%s", "bad: %s"), v->origin[0] != '\0' ? v->origin : shard);
    if (v->bad_seq != UINT64_MAX && strstr(problem, seq) == NULL)
        printf(TR(c, " 第 %" PRIu64 " 条", " entry %" PRIu64), v->bad_seq);
    printf(TR(c, "：%s\n", ": %s\n"), problem);
}

static int verify_one(const struct gw_cmd_ctx *c, const char *shard, struct gw_bytes vkeys,
                      struct gw_bytes old, bool *ret_used_old)
{
    struct gw_audit_verify v = {.dir = shard, .vkeys = vkeys, .progress = progress};
    struct gw_audit_verdict verdict;
    char path[4096];
    struct gw_buf note;
    gw_buf_init(&note, 64 * 1024);
    if (old.len != 0 && gw_file_join(path, sizeof(path), shard, "checkpoint") == GW_OK &&
        gw_file_read(path, &note) == GW_OK && same_origin(old, gw_buf_view(&note))) {
        v.old_checkpoint = old;
        *ret_used_old = true;
    }
    gw_buf_fini(&note);
    struct gw_cmd_progress bar;
    gw_cmd_progress_begin(&bar, TR(c, "核验", "verifying"));
    v.arg = &bar;
    enum gw_status st = gw_audit_verify_dir(&v, &verdict);
    gw_cmd_progress_end(&bar);
    if (st != GW_OK) {
        gw_cmd_err(c, "日志 %s 无法读取：%s", "the log %s can not be read: %s", shard,
                   gw_status_text(st));
        return EXIT_UNREADABLE;
    }
    say(c, shard, &verdict, old.len != 0, v.old_checkpoint.len != 0);
    return verdict.good ? EXIT_GOOD : EXIT_BAD;
}

static enum gw_status read_checkpoint(const char *shard, struct gw_buf *ret)
{
    char path[4096];
    gw_buf_reset(ret);
    GW_TRY(gw_file_join(path, sizeof(path), shard, "checkpoint"));
    return gw_file_read(path, ret);
}

/* Two folders that both say they are the same log: one is a copy, and which one holds is not for
 * us to say. */
static bool one_folder_each(const struct gw_cmd_ctx *c, char **shards)
{
    struct gw_buf a, b;
    bool good = true;
    gw_buf_init(&a, 64 * 1024);
    gw_buf_init(&b, 64 * 1024);
    for (size_t i = 0; shards[i] != NULL; i++) {
        if (read_checkpoint(shards[i], &a) != GW_OK)
            continue;
        for (size_t k = i + 1; shards[k] != NULL; k++) {
            if (read_checkpoint(shards[k], &b) != GW_OK ||
                !same_origin(gw_buf_view(&a), gw_buf_view(&b)))
                continue;
            struct gw_bytes rest = gw_buf_view(&a), origin = line_of(&rest);
            good = false;
            gw_cmd_err(c, "%s 和 %s 是同一个日志（%.*s）；请只保留一个后再核验",
                       "%s and %s are the same log (%.*s); leave one of them and verify again",
                       shards[i], shards[k], GW_BYTES_FMT(origin));
        }
    }
    gw_buf_fini(&a);
    gw_buf_fini(&b);
    return good;
}

static const char notes_zh[] =
    "--vkey 为网关公布的日志公钥（每行一个）；请从可信途径取得，而不是从日志目录复制。\n"
    "--old 为以往核验时保存的 checkpoint 文件，用于发现整体重写或截短。\n"
    "退出码：0 合格；1 不合格（指明条目），或同一日志有两个目录；2 无法读取、--old 不是 "
    "checkpoint 或用法错误。\n";
static const char notes_en[] =
    "--vkey is the published key of the log (one a line); get it from a source you trust, not from "
    "the\n"
    "log's own folder. --old is a checkpoint kept from an earlier verification: it shows a log "
    "that was\n"
    "rewritten or cut as a whole.\n"
    "exit codes: 0 good; 1 bad (names the entry), or one log in two folders; 2 can not be read, "
    "--old is\nno checkpoint, or usage.\n";

int gw_cmd_log_verify(struct gw_cmd_ctx *c, int argc, char **argv)
{
    const char *vkey = NULL, *old = NULL, *pos[1];
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--vkey", "FILE", &vkey, "日志公钥文件", "file with the log's key"},
        {GW_OPT_TEXT, "--old", "CHECKPOINT", &old, "以往保存的 checkpoint",
         "a checkpoint kept from earlier"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"DIR --vkey FILE [--old CHECKPOINT]", opts, NULL, notes_zh,
                                       notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, pos, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (n != 1 || vkey == NULL) {
        gw_cmd_err(c, "请给出日志目录和 --vkey", "name the log's folder and --vkey");
        return gw_cmd_usage_hint(c);
    }
    struct gw_buf keys, note;
    gw_buf_init(&keys, 1 << 20);
    gw_buf_init(&note, 64 * 1024);
    char **shards = NULL;
    enum gw_status st = gw_file_read(vkey, &keys);
    rc = EXIT_GOOD;
    if (st != GW_OK) {
        gw_cmd_file_failed(c, vkey, st);
        rc = EXIT_UNREADABLE;
    } else if (old != NULL && (st = gw_file_read(old, &note)) != GW_OK) {
        gw_cmd_file_failed(c, old, st);
        rc = EXIT_UNREADABLE;
    } else if (old != NULL && !looks_like_checkpoint(gw_buf_view(&note))) {
        gw_cmd_err(c, "--old 的 %s 不是 checkpoint 文件", "--old %s is not a checkpoint", old);
        rc = EXIT_UNREADABLE;
    } else if ((st = gw_log_shards(pos[0], &shards)) != GW_OK) {
        gw_cmd_err(c, "%s 中没有交换日志", "there is no exchange log in %s", pos[0]);
        rc = EXIT_UNREADABLE;
    }
    bool used_old = false;
    if (shards != NULL && !one_folder_each(c, shards))
        rc = EXIT_BAD;
    for (size_t i = 0; shards != NULL && shards[i] != NULL; i++) {
        int one = verify_one(c, shards[i], gw_buf_view(&keys), gw_buf_view(&note), &used_old);
        rc = one == EXIT_BAD || rc == EXIT_BAD ? EXIT_BAD : one > rc ? one : rc;
    }
    if (shards != NULL && note.len != 0 && !used_old) {
        gw_cmd_err(c, "--old 的 checkpoint 不属于该目录中的任何日志",
                   "the --old checkpoint belongs to no log in that folder");
        rc = EXIT_BAD;
    }
    if (shards != NULL)
        gw_file_names_free(shards);
    gw_buf_fini(&keys);
    gw_buf_fini(&note);
    return rc;
}
