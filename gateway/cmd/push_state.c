/* FILE.xinqiao-batch: a text file that grows by lines. What a kill cuts off is sent again: rows
 * with a receipt already get the same one. */
#include "cmd/push.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

static void state_path(const char *file, char *ret, size_t size)
{
    snprintf(ret, size, "%s.xinqiao-batch", file);
}

bool gw_push_state_exists(const char *file)
{
    char path[4096];
    state_path(file, path, sizeof(path));
    return access(path, F_OK) == 0;
}

static void append(struct gw_push_state *s, const struct gw_buf *b)
{
    /* Losing a line costs repeated rows, not correctness. */
    if (s->fd >= 0 && gw_buf_failed(b) == GW_OK) {
        enum gw_status st = gw_file_write_all(s->fd, gw_buf_view(b));
        (void)st;
    }
}

void gw_push_state_refusal(struct gw_push_state *s, const struct gw_push_refusal *r)
{
    struct gw_buf b;
    gw_buf_init(&b, 1 << 20);
    gw_buf_printf(&b, "r\t%" PRIu64 "\t%s\t%s\t%s\t%s\t%s\n", r->row, r->key, r->field, r->reason,
                  r->zh, r->en);
    append(s, &b);
    gw_buf_fini(&b);
}

void gw_push_state_acked(struct gw_push_state *s)
{
    struct gw_buf b;
    gw_buf_init(&b, 256);
    const struct gw_push_counts *n = &s->counts;
    gw_buf_printf(&b, "a\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
                  n->acked, n->added, n->repeated, n->updated, n->refused);
    append(s, &b);
    gw_buf_fini(&b);
}

static void head(const struct gw_push_state *s, const struct gw_push_plan *p, struct gw_buf *ret)
{
    gw_buf_printf(ret, "xinqiao-batch\t1\nformat\t%s\ndeclared\t%" PRIu64 "\ndigest\t",
                  p->format_id, p->count);
    gw_hex_put(ret, gw_bytes_make(p->digest.byte, sizeof(p->digest.byte)));
    gw_buf_printf(ret, "\nbatch\t%s\n", s->batch);
}

static void new_batch_id(char ret[37])
{
    uint8_t id[16];
    char hex[33];
    gw_crypto_uuid7(gw_clock_wall_us(), id);
    struct gw_buf b;
    gw_buf_init_fixed(&b, hex, 32);
    gw_hex_put(&b, gw_bytes_make(id, sizeof(id)));
    snprintf(ret, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

/* Splits at tabs in place; returns the number of parts. */
static size_t split(char *line, char **part, size_t max)
{
    size_t n = 0;
    for (char *p = line; n < max; p++) {
        part[n++] = p;
        p = strchr(p, '\t');
        if (p == NULL)
            break;
        *p = '\0';
    }
    return n;
}

static uint64_t number(const char *s)
{
    return strtoull(s, NULL, 10);
}

/* Lines after the head. Findings of rows behind the last acknowledgement are dropped: those rows
 * are sent again. */
static void replay(struct gw_push_state *s, char *text, struct gw_push_plan *p)
{
    size_t sure = 0;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char *part[7];
        size_t n = split(line, part, GW_ARRAY_LEN(part));
        if (n == 6 && strcmp(part[0], "a") == 0) {
            s->counts = (struct gw_push_counts){number(part[1]), number(part[2]), number(part[3]),
                                                number(part[4]), number(part[5])};
            sure = p->refusals.count;
        } else if (n == 7 && strcmp(part[0], "r") == 0) {
            enum gw_status st = gw_push_refusals_add(&p->refusals, number(part[1]), part[2],
                                                     part[3], part[4], part[5], part[6]);
            (void)st; /* a line less in the feedback */
        }
    }
    while (p->refusals.count > sure)
        free(p->refusals.items[--p->refusals.count].line);
    p->refusals.rows = 0;
    for (size_t i = 0; i < sure; i++)
        if (i == 0 || p->refusals.items[i].row != p->refusals.items[i - 1].row)
            p->refusals.rows++;
}

static int take_up(struct gw_push_state *s, const char *batch, struct gw_push_plan *p)
{
    struct gw_buf file, expect;
    gw_buf_init(&file, 1u << 30);
    gw_buf_init(&expect, 4096);
    int rc = GW_EXIT_OK;
    enum gw_status st = gw_file_read(s->path, &file);
    gw_buf_u8(&file, 0);
    char *at = (char *)file.ptr;
    char *id = st == GW_OK ? strstr(at, "\nbatch\t") : NULL;
    char *end = id != NULL ? strchr(id + 1, '\n') : NULL;
    if (st != GW_OK) {
        rc = gw_cmd_file_failed(p->c, s->path, st);
    } else if (end == NULL || end - id != 7 + 36) {
        gw_cmd_err(p->c, "续传文件 %s 已损坏，请删除后重新报送",
                   "%s is damaged; delete it and push again", s->path);
        rc = GW_EXIT_FAILED;
    } else {
        snprintf(s->batch, sizeof(s->batch), "%.36s", id + 7);
        head(s, p, &expect);
        if (batch[0] != '\0' && strcmp(batch, s->batch) != 0) {
            gw_cmd_err(p->c,
                       "%s 中尚有未完成的批次 %s；请先不带批次号重新运行以完成它，或删除该文件",
                       "%s holds the unfinished batch %s; run again without a batch id to finish "
                       "it, or delete that file",
                       s->path, s->batch);
            rc = GW_EXIT_USAGE;
        } else if ((size_t)(end + 1 - at) != expect.len ||
                   memcmp(at, expect.ptr, expect.len) != 0) {
            gw_cmd_err(
                p->c,
                "文件 %s 在批次 %s 打开之后有改动，不能续传；请恢复原文件，或删除 %s 另开批次",
                "%s was changed after the batch %s was opened and can not go on; restore "
                "the file, or delete %s and open another batch",
                p->path, s->batch, s->path);
            rc = GW_EXIT_FAILED;
        } else {
            s->resumed = true;
            replay(s, end + 1, p);
        }
    }
    gw_buf_fini(&file);
    gw_buf_fini(&expect);
    return rc;
}

int gw_push_state_open(struct gw_push_state *s, const char *file, const char *batch,
                       struct gw_push_plan *p)
{
    *s = (struct gw_push_state){.fd = -1};
    state_path(file, s->path, sizeof(s->path));
    gw_push_refusals_fini(&p->refusals); /* from now on: what the gateway says */
    int rc = GW_EXIT_OK;
    if (access(s->path, F_OK) == 0) {
        rc = take_up(s, batch, p);
    } else {
        if (batch[0] != '\0')
            snprintf(s->batch, sizeof(s->batch), "%.36s", batch);
        else
            new_batch_id(s->batch);
        struct gw_buf b;
        gw_buf_init(&b, 4096);
        head(s, p, &b);
        rc = gw_cmd_write_file(p->c, s->path, gw_buf_view(&b));
        gw_buf_fini(&b);
    }
    if (rc != GW_EXIT_OK)
        return rc;
    s->fd = open(s->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (s->fd < 0)
        return gw_cmd_file_failed(p->c, s->path, GW_IO);
    /* A kill may have left half a line. */
    if (s->resumed) {
        enum gw_status st = gw_file_write_all(s->fd, GW_BYTES_LIT("\n"));
        if (st != GW_OK)
            return gw_cmd_file_failed(p->c, s->path, st);
        gw_push_state_acked(s);
    }
    return GW_EXIT_OK;
}

void gw_push_state_close(struct gw_push_state *s, bool done)
{
    if (s->fd < 0)
        return;
    close(s->fd);
    s->fd = -1;
    if (done)
        unlink(s->path);
}
