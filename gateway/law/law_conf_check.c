/* Checks that all files under conf/law/ share. Each complains with file and line and what was
 * expected. */
#include "config/config.h"
#include "law/law_conf_internal.h"

/* Letters, digits, '-', '.' and '_': ids and codes travel in logs and metadata. */
bool gw_law_conf_is_code(const char *s)
{
    for (; *s != '\0'; s++) {
        bool ok = (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '-' || *s == '.' ||
                  *s == '_';
        if (!ok)
            return false;
    }
    return true;
}

enum gw_status gw_law_conf_day_of(const struct gw_config_node *n, const char *name,
                                  const char *text, struct gw_date *ret, struct gw_buf *err)
{
    if (gw_canon_date_parse(gw_bytes_str(text), "YYYY-MM-DD", ret, NULL) == GW_OK)
        return GW_OK;
    gw_config_node_complain(n, err, "%s: seen \"%s\", expected a day as 2026-04-01", name, text);
    return GW_INVALID;
}

enum gw_status gw_law_conf_code(const struct gw_config_node *n, const char *name, const char *value,
                                struct gw_buf *err)
{
    if (gw_law_conf_is_code(value))
        return GW_OK;
    gw_config_node_complain(n, err,
                            "%s: seen \"%s\", expected small letters, digits, \"-\", \".\", \"_\"",
                            name, value);
    return GW_INVALID;
}

enum gw_status gw_law_conf_choice(const struct gw_config_node *n, const char *name,
                                  const char *value, const char *const *choices, size_t count,
                                  struct gw_buf *err)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(choices[i], value) == 0)
            return GW_OK;
    }
    gw_config_node_complain(n, err, "%s: seen \"%s\", expected one of", name, value);
    for (size_t i = 0; i < count; i++)
        gw_buf_printf(err, "    %s\n", choices[i]);
    return GW_INVALID;
}

enum gw_status gw_law_conf_mark(const struct gw_config_node *n, const char *mark,
                                struct gw_buf *err)
{
    static const char *const marks[] = {"S", "R", "I"};
    return gw_law_conf_choice(n, "mark", mark, marks, GW_ARRAY_LEN(marks), err);
}

enum gw_status gw_law_conf_kind(const struct gw_config_node *n, const char *name, const char *value,
                                struct gw_buf *err)
{
    if (gw_canon_kind_of(value) != XINQIAO__V1__KIND__KIND_UNSPECIFIED)
        return GW_OK;
    gw_config_node_complain(n, err, "%s: seen \"%s\", expected a record kind as \"penalty\"", name,
                            value);
    return GW_INVALID;
}

enum gw_status gw_law_conf_second_time(const struct gw_config_node *n, const char *name,
                                       const char *value, struct gw_buf *err)
{
    gw_config_node_complain(n, err, "%s: seen \"%s\" a second time", name, value);
    return GW_INVALID;
}

const struct gw_config_choice *gw_law_conf_classes(void)
{
    static const struct gw_config_choice classes[] = {
        {"organisation", GW_LAW_CLASS(XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_ORGANISATION)},
        {"sole-trader", GW_LAW_CLASS(XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER)},
        {"person", GW_LAW_CLASS(XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON)},
        {NULL, 0},
    };
    return classes;
}

struct gw_law_strings gw_law_conf_strings_of(const struct gw_config_strings *s)
{
    return (struct gw_law_strings){s->items, s->count};
}

/* An empty word occurs in every text. */
enum gw_status gw_law_conf_words(const struct gw_config_node *n, const char *name,
                                 const struct gw_config_strings *s, struct gw_buf *err)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i][0] == '\0') {
            gw_config_node_complain(n, err, "%s: seen \"\", expected a word", name);
            return GW_INVALID;
        }
    }
    return GW_OK;
}

enum gw_status gw_law_conf_term(const struct gw_config_node *n, const char *from, const char *until,
                                struct gw_law_term *ret, struct gw_buf *err)
{
    struct gw_law_term t = {.until = {0, 0, 0}};
    GW_TRY(gw_law_conf_day_of(n, "from", from, &t.from, err));
    if (until[0] != '\0') {
        GW_TRY(gw_law_conf_day_of(n, "until", until, &t.until, err));
        if (gw_date_cmp(t.until, t.from) < 0) {
            gw_config_node_complain(n, err, "until: seen %s, expected a day not before %s", until,
                                    from);
            return GW_INVALID;
        }
    }
    *ret = t;
    return GW_OK;
}

bool gw_law_conf_overlap(struct gw_law_term a, struct gw_law_term b)
{
    bool a_before = !gw_date_is_none(a.until) && gw_date_cmp(a.until, b.from) < 0;
    bool b_before = !gw_date_is_none(b.until) && gw_date_cmp(b.until, a.from) < 0;
    return !a_before && !b_before;
}

enum gw_status gw_law_conf_rows(struct gw_law *l, const struct gw_config_node *owner,
                                const char *name, size_t min, size_t row_size, void *ret_rows,
                                gw_law_conf_fn *compile, struct gw_buf *err)
{
    const struct gw_config_node *list = gw_config_node_child(owner, name);
    size_t count = gw_config_node_count(list);
    if (list == NULL || gw_config_node_kind(list) != GW_CONFIG_KIND_LIST || count < min ||
        count > GW_LAW_MAX_ROWS) {
        gw_config_node_complain(owner, err, "%s: expected a list of %zu to %d rows", name, min,
                                GW_LAW_MAX_ROWS);
        return GW_INVALID;
    }
    void *rows = gw_arena_calloc(l->arena, count + 1, row_size);
    if (rows == NULL)
        return GW_NOMEM;
    *(void **)ret_rows = rows;
    enum gw_status st = GW_OK;
    for (size_t i = 0; i < count; i++) {
        enum gw_status one = compile(l, gw_config_node_at(list, i), err);
        st = st == GW_OK ? one : st;
    }
    return st;
}

enum gw_status gw_law_conf_bodies(const struct gw_config_node *n, const char *name,
                                  const struct gw_config_strings *s, struct gw_buf *err)
{
    GW_TRY(gw_law_conf_words(n, name, s, err));
    for (size_t i = 0; i < s->count; i++) {
        const char *star = strchr(s->items[i], '*');
        if (star == NULL)
            continue;
        if (star == s->items[i] || star[1] == '\0' || strchr(star + 1, '*') != NULL) {
            gw_config_node_complain(n, err,
                                    "%s: seen \"%s\", expected a word, or two with one \"*\" "
                                    "between them",
                                    name, s->items[i]);
            return GW_INVALID;
        }
    }
    return GW_OK;
}
