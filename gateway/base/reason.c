/* Public reasons and the report of one input. Core rows are in reason.def, sorted by code: the
 * order is checked by a unit test, and finding is a binary search of about seven compares. */
#include "base/reason.h"

#include <stdarg.h>
#include <stdlib.h>

static const struct gw_reason core[] = {
#define GW_REASON_ROW(code, grpc, family, retry_ms, zh, en) {code, grpc, family, retry_ms, zh, en},
#include "base/reason.def"
#undef GW_REASON_ROW
};

/* Rows added at load, sorted by code; read-only once calls are served. */
static const struct gw_reason **added;
static size_t added_count;

static int key_vs_core(const void *key, const void *row)
{
    return gw_bytes_cmp(*(const struct gw_bytes *)key,
                        gw_bytes_str(((const struct gw_reason *)row)->code));
}

static int key_vs_added(const void *key, const void *row)
{
    return key_vs_core(key, *(const struct gw_reason *const *)row);
}

static int added_order(const void *a, const void *b)
{
    return strcmp((*(const struct gw_reason *const *)a)->code,
                  (*(const struct gw_reason *const *)b)->code);
}

const struct gw_reason *gw_reason_find(struct gw_bytes code)
{
    const struct gw_reason *row =
        bsearch(&code, core, GW_ARRAY_LEN(core), sizeof(core[0]), key_vs_core);
    if (row != NULL || added_count == 0)
        return row;
    const struct gw_reason *const *at =
        bsearch(&code, added, added_count, sizeof(*added), key_vs_added);
    return at != NULL ? *at : NULL;
}

enum gw_status gw_reason_add(const struct gw_reason *rows, size_t count)
{
    if (count == 0)
        return GW_OK;
    size_t total;
    if (__builtin_add_overflow(added_count, count, &total))
        return GW_NOMEM;
    const struct gw_reason **merged = calloc(total, sizeof(*merged));
    if (merged == NULL)
        return GW_NOMEM;
    if (added_count != 0)
        memcpy(merged, added, added_count * sizeof(*merged));
    for (size_t i = 0; i < count; i++)
        merged[added_count + i] = &rows[i];
    qsort(merged, total, sizeof(*merged), added_order);
    for (size_t i = 0; i < total; i++) {
        struct gw_bytes code = gw_bytes_str(merged[i]->code);
        bool in_core =
            bsearch(&code, core, GW_ARRAY_LEN(core), sizeof(core[0]), key_vs_core) != NULL;
        if (in_core || (i != 0 && strcmp(merged[i - 1]->code, merged[i]->code) == 0)) {
            free(merged);
            return GW_EXISTS;
        }
    }
    free(added);
    added = merged;
    added_count = total;
    return GW_OK;
}

void gw_reason_remove(const struct gw_reason *rows, size_t count)
{
    size_t kept = 0;
    if (count == 0) /* an adapter without reasons: `rows` may be NULL */
        return;
    for (size_t i = 0; i < added_count; i++)
        if (added[i] < rows || added[i] >= rows + count)
            added[kept++] = added[i];
    added_count = kept;
    if (kept == 0) {
        free(added);
        added = NULL;
    }
}

const struct gw_reason *gw_reason_at(size_t index)
{
    if (index < GW_ARRAY_LEN(core))
        return &core[index];
    index -= GW_ARRAY_LEN(core);
    return index < added_count ? added[index] : NULL;
}

static const struct gw_reason *must_find(const char *code)
{
    return gw_reason_find(gw_bytes_str(code));
}

void gw_report_init(struct gw_report *r, struct gw_arena *arena)
{
    *r = (struct gw_report){.arena = arena};
    r->tail = &r->first;
}

void gw_report_add(struct gw_report *r, enum gw_problem_kind kind, const char *code,
                   const char *field, ...)
{
    if (GW_BUG_ON(kind < GW_PROBLEM_ERROR || kind > GW_PROBLEM_WITHHELD))
        kind = GW_PROBLEM_ERROR;
    /* Counted even when there is no memory to describe it: an error is never forgotten. */
    r->count[kind]++;
    const struct gw_reason *reason = must_find(code);
    if (GW_BUG_ON(reason == NULL))
        reason = must_find("internal");
    struct gw_problem *p = gw_arena_new_of(r->arena, struct gw_problem);
    char *field_copy = gw_arena_strdup(r->arena, field != NULL ? field : "");
    if (p == NULL || field_copy == NULL)
        return;
    p->kind = kind;
    p->reason = reason;
    p->field = field_copy;
    p->row = r->row;
    va_list ap;
    va_start(ap, field);
    for (size_t i = 0; i < GW_ARRAY_LEN(p->params); i++) {
        const char *name = va_arg(ap, const char *);
        if (name == NULL)
            break;
        const char *value = va_arg(ap, const char *);
        p->params[i].name = gw_arena_strdup(r->arena, name);
        p->params[i].value = gw_arena_strdup(r->arena, value != NULL ? value : "");
    }
    va_end(ap);
    if (gw_arena_failed(r->arena))
        return;
    *r->tail = p;
    r->tail = &p->next;
}

const struct gw_problem *gw_report_first_error(const struct gw_report *r)
{
    if (!gw_report_has_errors(r))
        return NULL;
    for (const struct gw_problem *p = r->first; p != NULL; p = p->next) {
        if (p->kind == GW_PROBLEM_ERROR)
            return p;
    }
    /* Counted, but the arena had no room for it. */
    static _Thread_local struct gw_problem too_much;
    too_much = (struct gw_problem){.reason = must_find("message-too-large"), .field = ""};
    return &too_much;
}

static const char *param_value(const struct gw_problem *p, struct gw_bytes name, bool zh)
{
    if (gw_bytes_eq_str(name, "field"))
        return p->field != NULL && p->field[0] != '\0' ? p->field : zh ? "该项" : "this item";
    for (size_t i = 0; i < GW_ARRAY_LEN(p->params) && p->params[i].name != NULL; i++) {
        const struct gw_param *param = &p->params[i];
        if (gw_bytes_eq_str(name, param->name) && param->value != NULL && param->value[0] != '\0')
            return param->value;
    }
    return zh ? "（未说明）" : "(not stated)";
}

void gw_problem_text(const struct gw_problem *p, const char *lang, struct gw_buf *ret)
{
    bool zh = strcmp(lang, "en") != 0;
    const char *s = zh ? p->reason->zh : p->reason->en;
    for (;;) {
        const char *open = strchr(s, '{');
        const char *close = open != NULL ? strchr(open, '}') : NULL;
        if (close == NULL) {
            gw_buf_str(ret, s);
            return;
        }
        gw_buf_append(ret, s, (size_t)(open - s));
        gw_buf_str(ret, param_value(p, gw_bytes_make(open + 1, (size_t)(close - open - 1)), zh));
        s = close + 1;
    }
}

const char *gw_problem_text_in(const struct gw_problem *p, const char *lang, struct gw_arena *arena)
{
    char mem[4096];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    gw_problem_text(p, lang, &b);
    const char *s = gw_arena_strndup(arena, b.ptr, b.len);
    return s != NULL ? s : "";
}
