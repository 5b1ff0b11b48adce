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

/* For where it is not known which area, record or value: a count, an entry of the log. */
static const struct {
    const char *code, *zh, *en;
} bare_texts[] = {
    {"grant-area", "贵方的授权不包含该区域，请申请该区域的授权或缩小查询范围",
     "Your grant does not cover that area; apply for it or narrow the request"},
    {"grant-class", "贵方的授权不包含该主体类别，请申请该类主体的授权",
     "Your grant does not cover that class of subjects; apply for it"},
    {"grant-kind", "贵方的授权不包含该信息种类，请申请该种类的授权或改用已授权的种类",
     "Your grant does not cover that record kind; apply for it or use a kind that is granted"},
    {"grant-purpose", "贵方的授权不允许该用途，请改用已授权的用途",
     "Your grant does not allow that purpose; use a purpose that is granted"},
    {"law-expired", "期限已届满，不得再公示或共享，请删除",
     "The term has ended: it must not be published or shared any more; remove it"},
    {"law-purpose", "法律不允许将该信息用于此用途，请停止该用途",
     "The law does not allow this information to be used for that purpose; stop that use"},
    {"law-no-basis", "目录中没有允许该记录的条目，缺少法律依据，请核对后再报送",
     "No row of the catalogue allows the record: the legal basis is missing; check it before "
     "sending again"},
    {"no-grant", "贵方的授权不包含该方法，请向本市信用平台申请授权",
     "Your grant does not cover that method; apply to this platform for a grant"},
    {"record-ended", "记录的共享使用期限已届满，不再提供，请删除所留副本",
     "The term of sharing and use has ended; the record is not served any more, delete copies"},
    {"record-repaired", "记录已信用修复，不得再公示或共享，请删除所留副本",
     "The record was repaired and must not be published or shared any more; delete copies"},
    {"record-undated", "记录缺少确定共享期限的日期，未提供，请补报日期",
     "The record has no date that says when sharing ends, so it is not served; supply the date"},
    {"record-withdrawn", "记录已撤回，不得再公示或共享，请删除所留副本",
     "The record was withdrawn and must not be published or shared any more; delete copies"},
    {"target-class", "目标格式不接收该主体类别的记录，请改用对应的格式",
     "The target format takes no subjects of that class; use the format for that class"},
    {"target-field-missing", "目标格式有必填字段没有来源，请在对接方配置中声明缺省值或补充源数据",
     "A mandatory field of the target format has no source; declare a default in the peer profile "
     "or supply the data"},
    {"target-no-place",
     "目标格式没有某字段的位置，而该内容依法不得丢失，未转换，请改用能承载它的格式",
     "The target format has no place for a field that must not be lost; use a format that holds "
     "it"},
    {"target-split", "没收金额合计无法拆分为目标格式的字段，请由来源单位分别填报",
     "The confiscated sum can not be split into the fields of the target; the source must give the "
     "parts"},
    {"target-status", "目标格式没有记录状态的字段，只接收有效的记录，请改用能表达状态的格式",
     "The target format has no column for the state and takes records in force only; use a format "
     "that states it"},
    {"target-value", "来源的值在目标格式中没有对应写法，请联系本市信用平台管理员检查映射",
     "A value has no spelling in the target format; ask the administrator of this platform to "
     "check "
     "the mapping"},
    {"target-width", "有字段超过目标格式的宽度，请缩短源数据",
     "A field is wider than the target format allows; shorten the source"},
    {"upstream-refused", "对方系统拒绝了请求，请按其返回的原因处理",
     "The counterpart refused the request; act on the reason that it gave"},
    {"withheld-area", "记录的区域不在授权内，未提供，如有需要请申请授权",
     "The area of the record is not granted, so it was withheld; apply for a grant if it is "
     "needed"},
    {"withheld-class", "记录的主体类别不在授权内，未提供，如有需要请申请授权",
     "The subject class of the record is not granted, so it was withheld; apply for a grant if it "
     "is needed"},
    {"withheld-field", "字段不在授权的字段集内，未提供，如有需要请申请授权",
     "A field is outside the granted field set and was withheld; apply for a grant if it is "
     "needed"},
    {"withheld-kind", "记录的信息种类不在授权内，未提供，如有需要请申请授权",
     "The kind of the record is not granted, so it was withheld; apply for a grant if it is "
     "needed"},
    {"withheld-list", "名单不在授权内，未提供，如有需要请申请授权",
     "The list is not granted, so it was withheld; apply for a grant if it is needed"},
};

/* The text with its parameters, or the one that does without what is not known. */
static const char *choose_text(const struct gw_cmd_ctx *c, const struct gw_reason *r,
                               struct gw_bytes field, struct gw_bytes item)
{
    const char *text = TR(c, r->zh, r->en);
    if ((strstr(text, "{field}") == NULL || field.len != 0) &&
        (strstr(text, "{item}") == NULL || item.len != 0))
        return text;
    for (size_t i = 0; i < GW_ARRAY_LEN(bare_texts); i++)
        if (strcmp(bare_texts[i].code, r->code) == 0)
            return TR(c, bare_texts[i].zh, bare_texts[i].en);
    return text;
}

/* What is not known leaves no hole: the blanks around it close. */
static const char *put_parameter(const char *p, struct gw_bytes field, struct gw_bytes item,
                                 struct gw_buf *b)
{
    const char *end = strchr(p, '}');
    struct gw_bytes value = strncmp(p, "{field}", 7) == 0  ? field
                            : strncmp(p, "{item}", 6) == 0 ? item
                                                           : gw_bytes_str("…");
    if (end == NULL)
        return p;
    gw_buf_bytes(b, value);
    if (value.len == 0 && b->len != 0 && b->ptr[b->len - 1] == ' ' && end[1] == ' ')
        end++;
    return end;
}

void gw_cmd_reason_text(const struct gw_cmd_ctx *c, struct gw_bytes code, struct gw_bytes field,
                        struct gw_bytes item, struct gw_buf *b)
{
    const struct gw_reason *r = gw_reason_find(code);
    const char *text = r != NULL ? choose_text(c, r, field, item) : NULL;
    for (const char *p = text; p != NULL && *p != '\0'; p++) {
        if (strcmp(p, "。") == 0 || strcmp(p, ".") == 0)
            break;
        if (*p == '{')
            p = put_parameter(p, field, item, b);
        else
            gw_buf_u8(b, (uint8_t)*p);
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
