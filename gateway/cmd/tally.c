/* Findings counted by kind, reason and field, for summaries. */
#include "cmd/package.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/map.h"

void gw_cmd_tally_init(struct gw_cmd_tally *t)
{
    *t = (struct gw_cmd_tally){.map = gw_map_new()};
}

void gw_cmd_tally_fini(struct gw_cmd_tally *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->rows[i]);
    free(t->rows);
    gw_map_free(t->map);
}

void gw_cmd_tally_add(struct gw_cmd_tally *t, int kind, const char *reason, const char *field,
                      uint64_t count)
{
    char key[512];
    int n = snprintf(key, sizeof(key), "%d|%s|%s", kind, reason, field);
    if (n < 0 || t->map == NULL)
        return;
    size_t len = (size_t)n < sizeof(key) ? (size_t)n : sizeof(key) - 1;
    struct gw_cmd_tally_row *row = gw_map_get(t->map, gw_bytes_make(key, len));
    if (row != NULL) {
        row->count += count;
        return;
    }
    /* One allocation: the row, then the key, which also holds the texts. */
    row = malloc(sizeof(*row) + 2 * sizeof(key) + 2);
    struct gw_cmd_tally_row **rows = realloc(t->rows, (t->count + 1) * sizeof(*rows));
    if (rows != NULL)
        t->rows = rows;
    if (row == NULL || rows == NULL) {
        free(row);
        return;
    }
    char *text = (char *)(row + 1);
    memcpy(text, key, len);
    char *texts = text + sizeof(key);
    int rn = snprintf(texts, sizeof(key) / 2, "%s", reason);
    char *ftext = texts + (rn < (int)(sizeof(key) / 2) ? rn : (int)(sizeof(key) / 2) - 1) + 1;
    snprintf(ftext, sizeof(key) / 2, "%s", field);
    *row = (struct gw_cmd_tally_row){kind, texts, ftext, count};
    if (gw_map_add(t->map, gw_bytes_make(text, len), row) != GW_OK) {
        free(row);
        return;
    }
    t->rows[t->count++] = row;
}

void gw_cmd_tally_report(struct gw_cmd_tally *t, const struct gw_report *r)
{
    for (const struct gw_problem *p = r->first; p != NULL; p = p->next)
        gw_cmd_tally_add(t, (int)p->kind, p->reason->code, p->field, 1);
}

static const struct {
    const char *code, *zh, *en;
} kinds[] = {
    [GW_PROBLEM_ERROR] = {"error", "拒绝", "refused"},
    [GW_PROBLEM_WARNING] = {"warning", "提醒", "warning"},
    [GW_PROBLEM_LOSS] = {"loss", "未转换", "lost"},
    [GW_PROBLEM_DEFAULTED] = {"defaulted", "按缺省值填写", "defaulted"},
    [GW_PROBLEM_REPAIRED] = {"repaired", "书写已规范", "repaired"},
    [GW_PROBLEM_WITHHELD] = {"withheld", "未提供", "withheld"},
};

const char *gw_cmd_kind_title(const struct gw_cmd_ctx *c, int kind)
{
    if (kind < 0 || (size_t)kind >= GW_ARRAY_LEN(kinds))
        return "?";
    return TR(c, kinds[kind].zh, kinds[kind].en);
}

const char *gw_cmd_kind_code(int kind)
{
    return kind < 0 || (size_t)kind >= GW_ARRAY_LEN(kinds) ? "?" : kinds[kind].code;
}

static void put_parameter(const struct gw_cmd_ctx *c, const char *p, struct gw_bytes field,
                          struct gw_bytes item, struct gw_buf *b)
{
    if (strncmp(p, "{field}", 7) == 0 && field.len != 0)
        gw_buf_bytes(b, field);
    else if (strncmp(p, "{item}", 6) == 0 && item.len != 0)
        gw_buf_bytes(b, item);
    else
        gw_buf_str(b, strncmp(p, "{item}", 6) == 0 ? TR(c, "该项", "it") : "…");
}

void gw_cmd_reason_text(const struct gw_cmd_ctx *c, struct gw_bytes code, struct gw_bytes field,
                        struct gw_bytes item, struct gw_buf *b)
{
    const struct gw_reason *r = gw_reason_find(code);
    const char *text = r != NULL ? TR(c, r->zh, r->en) : NULL;
    for (const char *p = text; p != NULL && *p != '\0'; p++) {
        if (strcmp(p, "。") == 0 || strcmp(p, ".") == 0)
            break;
        if (*p != '{') {
            gw_buf_u8(b, (uint8_t)*p);
            continue;
        }
        put_parameter(c, p, field, item, b);
        while (*p != '}' && p[1] != '\0')
            p++;
    }
    gw_buf_str(b, text == NULL ? "" : TR(c, "（", " ("));
    gw_buf_bytes(b, code);
    gw_buf_str(b, text == NULL ? "" : TR(c, "）", ")"));
}

void gw_cmd_tally_print(const struct gw_cmd_ctx *c, const struct gw_cmd_tally *t, FILE *f)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct gw_cmd_tally_row *row = t->rows[i];
        fprintf(f, "  %8" PRIu64 "  ", row->count);
        gw_cmd_pad(f, gw_cmd_kind_title(c, row->kind), 14);
        struct gw_buf text;
        gw_buf_init(&text, 4096);
        gw_cmd_reason_text(c, gw_bytes_str(row->reason), gw_bytes_str(row->field), GW_BYTES_NONE,
                           &text);
        fprintf(f, "%.*s\n", GW_BYTES_FMT(gw_buf_view(&text)));
        gw_buf_fini(&text);
    }
}

void gw_cmd_tally_json(const struct gw_cmd_tally *t, struct gw_cmd_json *j, const char *key)
{
    gw_cmd_json_open(j, key, '[');
    for (size_t i = 0; i < t->count; i++) {
        const struct gw_cmd_tally_row *row = t->rows[i];
        gw_cmd_json_open(j, NULL, '{');
        gw_cmd_json_str(j, "kind", gw_cmd_kind_code(row->kind));
        gw_cmd_json_str(j, "reason", row->reason);
        gw_cmd_json_str(j, "field", row->field);
        gw_cmd_json_u64(j, "count", row->count);
        gw_cmd_json_close(j, '}');
    }
    gw_cmd_json_close(j, ']');
}
