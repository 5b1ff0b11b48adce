/* Reads conf/law/: catalogue.conf and purposes.conf. Every mistake is named with file and line, and
 * one mistake fails the load: there is no half of a law. */
#include <stdlib.h>

#include "config/config.h"
#include "law/law_internal.h"

enum {
    ARENA_BUDGET = 8 << 20,
    MAX_ROWS = 4096,
    MAX_ID = 100, /* legal_basis of the log: at most 128 */
    MAX_PATHS = 8,
    MAX_KEEP_MONTHS = 1200
};
static const char *const file_names[] = {"catalogue.conf", "purposes.conf"};

/* Columns of a catalogue row as they are written. */
struct row_text {
    const char *id, *kind, *item, *class, *title_zh, *title_en, *source, *edition, *from, *until,
        *use, *mark;
    uint32_t keep_months;
    bool share_public;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct row_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option row_options[] = {
    ROW(id, GW_CONFIG_STRING, NULL, 1, MAX_ID, "What the log's legal_basis says."),
    ROW(kind, GW_CONFIG_STRING, NULL, 1, 32, "Record kind."),
    ROW(item, GW_CONFIG_STRING, NULL, 1, 200, "The item as the catalogue names it."),
    ROW(class, GW_CONFIG_STRING, NULL, 1, 32, "basic, honest, adverse or other."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, English."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "Statute or document with article."),
    ROW(edition, GW_CONFIG_STRING, NULL, 1, 64, "Edition of that document."),
    ROW(from, GW_CONFIG_STRING, NULL, 10, 10, "First day in force, YYYY-MM-DD."),
    ROW(until, GW_CONFIG_STRING, "", 0, 10, "Last day in force; empty: open."),
    ROW(use, GW_CONFIG_STRING, NULL, 1, 200, "What the item may be used for."),
    ROW(keep_months, GW_CONFIG_INT, NULL, 0, MAX_KEEP_MONTHS, "Retention; 0: until its own end."),
    ROW(share_public, GW_CONFIG_BOOL, NULL, 0, 0, "Shared openly, else by agreement."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

struct purpose_text {
    const char *code, *title_zh, *title_en, *source, *mark;
    bool basic_service, in_force;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct purpose_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option purpose_options[] = {
    ROW(code, GW_CONFIG_STRING, NULL, 1, 64, "What calls and grants name."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "Title for people, English."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "Statute or document with article."),
    ROW(basic_service, GW_CONFIG_BOOL, NULL, 0, 0, "Denies, prices or ranks a basic service."),
    ROW(in_force, GW_CONFIG_BOOL, "true", 0, 0, "False: known, not to be used any more."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
};
#undef ROW

struct refusal_text {
    const char *id, *title_zh, *title_en, *source, *missing, *mark;
    struct gw_config_strings kinds, paths;
    const struct gw_config_node *groups;
};

#define ROW(field, type, def, min, max, doc)                                                       \
    GW_CONFIG_OPTION(struct refusal_text, field, #field, type, def, min, max, true, doc)
static const struct gw_config_option refusal_options[] = {
    ROW(id, GW_CONFIG_STRING, NULL, 1, MAX_ID, "What the refusal names as {item}."),
    ROW(title_zh, GW_CONFIG_STRING, NULL, 1, 200, "The item, Chinese."),
    ROW(title_en, GW_CONFIG_STRING, NULL, 1, 200, "The item, English."),
    ROW(source, GW_CONFIG_STRING, NULL, 1, 500, "Document that demands a basis."),
    ROW(missing, GW_CONFIG_STRING, NULL, 1, 200, "The basis that is missing: {basis}."),
    ROW(mark, GW_CONFIG_STRING, NULL, 1, 1, "S seen in the source, R recalled, I inferred."),
    ROW(kinds, GW_CONFIG_STRINGS, NULL, 1, 16, "Record kinds that are looked at."),
    ROW(paths, GW_CONFIG_STRINGS, NULL, 1, MAX_PATHS, "Text fields that are looked at."),
    ROW(groups, GW_CONFIG_NODE, NULL, 0, 0, "Ways to recognise the item."),
};
#undef ROW

struct group_text {
    struct gw_config_strings classes, any, unless, unless_basis;
};

#define ROW(field, def, min, max, doc)                                                             \
    GW_CONFIG_OPTION(struct group_text, field, #field, GW_CONFIG_STRINGS, def, min, max, true, doc)
static const struct gw_config_option group_options[] = {
    ROW(classes, "", 0, 3, "Subject classes; none: all."),
    ROW(any, NULL, 1, 200, "Words one of which must occur."),
    ROW(unless, "", 0, 200, "Words none of which may occur."),
    ROW(unless_basis, "", 0, 50, "Statutes that make it lawful when cited."),
};
#undef ROW

/* Letters, digits, '-', '.' and '_': ids and codes travel in logs and metadata. */
static bool is_code(const char *s)
{
    for (; *s != '\0'; s++) {
        bool ok = (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '-' || *s == '.' ||
                  *s == '_';
        if (!ok)
            return false;
    }
    return true;
}

static Xinqiao__V1__Kind kind_of(const char *name)
{
    const ProtobufCEnumDescriptor *d = &xinqiao__v1__kind__descriptor;
    for (unsigned i = 0; i < d->n_values; i++) {
        Xinqiao__V1__Kind k = (Xinqiao__V1__Kind)d->values[i].value;
        const char *known = gw_canon_kind_name(k);
        if (known[0] != '\0' && strcmp(known, name) == 0)
            return k;
    }
    return XINQIAO__V1__KIND__KIND_UNSPECIFIED;
}

static enum gw_status day_of(const struct gw_config_node *n, const char *name, const char *text,
                             struct gw_date *ret, struct gw_buf *err)
{
    if (gw_canon_date_parse(gw_bytes_str(text), "YYYY-MM-DD", ret, NULL) == GW_OK)
        return GW_OK;
    gw_config_node_complain(n, err, "%s: seen \"%s\", expected a day as 2026-04-01", name, text);
    return GW_INVALID;
}

static enum gw_status check_code(const struct gw_config_node *n, const char *name,
                                 const char *value, struct gw_buf *err)
{
    if (is_code(value))
        return GW_OK;
    gw_config_node_complain(n, err,
                            "%s: seen \"%s\", expected small letters, digits, \"-\", \".\", \"_\"",
                            name, value);
    return GW_INVALID;
}

static enum gw_status check_choice(const struct gw_config_node *n, const char *name,
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

static enum gw_status check_mark(const struct gw_config_node *n, const char *mark,
                                 struct gw_buf *err)
{
    static const char *const marks[] = {"S", "R", "I"};
    return check_choice(n, "mark", mark, marks, GW_ARRAY_LEN(marks), err);
}

static enum gw_status check_kind(const struct gw_config_node *n, const char *name,
                                 const char *value, struct gw_buf *err)
{
    if (kind_of(value) != XINQIAO__V1__KIND__KIND_UNSPECIFIED)
        return GW_OK;
    gw_config_node_complain(n, err, "%s: seen \"%s\", expected a record kind as \"penalty\"", name,
                            value);
    return GW_INVALID;
}

static enum gw_status second_time(const struct gw_config_node *n, const char *name,
                                  const char *value, struct gw_buf *err)
{
    gw_config_node_complain(n, err, "%s: seen \"%s\" a second time", name, value);
    return GW_INVALID;
}

/* ---- catalogue rows ---- */

static bool overlap(const struct gw_law_row *a, const struct gw_law_row *b)
{
    bool a_before = !gw_date_is_none(a->until) && gw_date_cmp(a->until, b->from) < 0;
    bool b_before = !gw_date_is_none(b->until) && gw_date_cmp(b->until, a->from) < 0;
    return !a_before && !b_before;
}

/* Two rows of a kind in force on one day: which one a record names would be chance. */
static enum gw_status check_entry_unique(const struct gw_law *l, const struct gw_law_entry *e,
                                         const struct gw_config_node *n, struct gw_buf *err)
{
    for (size_t i = 0; i < l->entry_count; i++) {
        const struct gw_law_entry *other = &l->entry[i];
        if (strcmp(other->row.id, e->row.id) == 0)
            return second_time(n, "id", e->row.id, err);
        if (other->kind == e->kind && overlap(&other->row, &e->row)) {
            gw_config_node_complain(n, err, "\"%s\" and \"%s\" are in force on the same days",
                                    other->row.id, e->row.id);
            return GW_INVALID;
        }
    }
    return GW_OK;
}

static enum gw_status compile_entry(struct gw_law *l, const struct gw_config_node *n,
                                    struct gw_buf *err)
{
    static const char *const classes[] = {"basic", "honest", "adverse", "other"};
    struct row_text t;
    GW_TRY(gw_config_node_fill(n, row_options, GW_ARRAY_LEN(row_options), &t, err));
    struct gw_law_entry e = {
        .row = {.id = t.id,
                .kind = t.kind,
                .source = t.source,
                .title_zh = t.title_zh,
                .title_en = t.title_en,
                .keep_months = t.keep_months,
                .share_public = t.share_public},
        .edition = t.edition,
        .item = t.item,
        .class = t.class,
        .use = t.use,
        .kind = kind_of(t.kind),
    };
    GW_TRY(check_code(n, "id", t.id, err));
    GW_TRY(check_kind(n, "kind", t.kind, err));
    GW_TRY(check_choice(n, "class", t.class, classes, GW_ARRAY_LEN(classes), err));
    GW_TRY(check_mark(n, t.mark, err));
    GW_TRY(day_of(n, "from", t.from, &e.row.from, err));
    if (t.until[0] != '\0') {
        GW_TRY(day_of(n, "until", t.until, &e.row.until, err));
        if (gw_date_cmp(e.row.until, e.row.from) < 0) {
            gw_config_node_complain(n, err, "until: seen %s, expected a day not before %s", t.until,
                                    t.from);
            return GW_INVALID;
        }
    }
    GW_TRY(check_entry_unique(l, &e, n, err));
    l->entry[l->entry_count++] = e;
    return GW_OK;
}

/* ---- items without a basis ---- */

static const struct gw_config_choice classes[] = {
    {"organisation", GW_LAW_CLASS(XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_ORGANISATION)},
    {"sole-trader", GW_LAW_CLASS(XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_SOLE_TRADER)},
    {"person", GW_LAW_CLASS(XINQIAO__V1__SUBJECT_CLASS__SUBJECT_CLASS_PERSON)},
    {NULL, 0},
};

static struct gw_law_strings strings_of(struct gw_config_strings s)
{
    return (struct gw_law_strings){s.items, s.count};
}

/* An empty word occurs in every text. */
static enum gw_status check_words(const struct gw_config_node *n, const char *name,
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

static enum gw_status compile_group(const struct gw_config_node *n, struct gw_law_group *ret,
                                    struct gw_buf *err)
{
    struct group_text t;
    GW_TRY(gw_config_node_fill(n, group_options, GW_ARRAY_LEN(group_options), &t, err));
    GW_TRY(gw_config_choices_mask(n, "classes", &t.classes, classes, &ret->classes, err));
    if (t.classes.count == 0)
        ret->classes = UINT32_MAX;
    GW_TRY(check_words(n, "any", &t.any, err));
    GW_TRY(check_words(n, "unless", &t.unless, err));
    GW_TRY(check_words(n, "unless_basis", &t.unless_basis, err));
    ret->any = strings_of(t.any);
    ret->unless = strings_of(t.unless);
    ret->unless_basis = strings_of(t.unless_basis);
    return GW_OK;
}

static enum gw_status compile_groups(struct gw_law *l, const struct gw_config_node *list,
                                     struct gw_law_refusal *f, struct gw_buf *err)
{
    f->group_count = gw_config_node_count(list);
    if (gw_config_node_kind(list) != GW_CONFIG_KIND_LIST || f->group_count == 0) {
        gw_config_node_complain(list, err, "seen %s, expected a list of at least one group",
                                gw_config_node_kind_text(list));
        return GW_INVALID;
    }
    struct gw_law_group *group = gw_arena_calloc(l->arena, f->group_count, sizeof(*group));
    if (group == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < f->group_count; i++)
        GW_TRY(compile_group(gw_config_node_at(list, i), &group[i], err));
    f->group = group;
    return GW_OK;
}

static enum gw_status compile_paths(struct gw_law *l, const struct gw_config_node *n,
                                    const struct gw_config_strings *paths, struct gw_law_refusal *f,
                                    struct gw_buf *err)
{
    struct gw_canon_path *path = gw_arena_calloc(l->arena, paths->count, sizeof(*path));
    if (path == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < paths->count; i++) {
        const char *why = "";
        enum gw_status st = gw_canon_path_compile(paths->items[i], &path[i], &why);
        if (st != GW_OK || path[i].type != GW_CANON_TEXT) {
            gw_config_node_complain(
                n, err, "paths: seen \"%s\", expected a text field of the record", paths->items[i]);
            return GW_INVALID;
        }
    }
    f->path = path;
    f->path_count = paths->count;
    return GW_OK;
}

static enum gw_status compile_refusal(struct gw_law *l, const struct gw_config_node *n,
                                      struct gw_buf *err)
{
    struct refusal_text t;
    GW_TRY(gw_config_node_fill(n, refusal_options, GW_ARRAY_LEN(refusal_options), &t, err));
    struct gw_law_refusal f = {.id = t.id,
                               .title_zh = t.title_zh,
                               .title_en = t.title_en,
                               .source = t.source,
                               .missing = t.missing};
    GW_TRY(check_code(n, "id", t.id, err));
    GW_TRY(check_mark(n, t.mark, err));
    for (size_t i = 0; i < l->refusal_count; i++) {
        if (strcmp(l->refusal[i].id, t.id) == 0)
            return second_time(n, "id", t.id, err);
    }
    for (size_t i = 0; i < t.kinds.count; i++) {
        GW_TRY(check_kind(n, "kinds", t.kinds.items[i], err));
        f.kinds |= 1u << (unsigned)kind_of(t.kinds.items[i]);
    }
    GW_TRY(compile_paths(l, n, &t.paths, &f, err));
    GW_TRY(compile_groups(l, t.groups, &f, err));
    l->refusal[l->refusal_count++] = f;
    return GW_OK;
}

/* ---- purposes ---- */

static enum gw_status compile_purpose(struct gw_law *l, const struct gw_config_node *n,
                                      struct gw_buf *err)
{
    struct purpose_text t;
    GW_TRY(gw_config_node_fill(n, purpose_options, GW_ARRAY_LEN(purpose_options), &t, err));
    GW_TRY(check_code(n, "code", t.code, err));
    GW_TRY(check_mark(n, t.mark, err));
    for (size_t i = 0; i < l->purpose_count; i++) {
        if (strcmp(l->purpose[i].purpose.code, t.code) == 0)
            return second_time(n, "code", t.code, err);
    }
    l->purpose[l->purpose_count++] = (struct gw_law_purpose_row){
        .purpose = {.code = t.code,
                    .title_zh = t.title_zh,
                    .title_en = t.title_en,
                    .source = t.source,
                    .basic_service = t.basic_service},
        .in_force = t.in_force,
    };
    return GW_OK;
}

/* ---- files ---- */

typedef enum gw_status (*compile_fn)(struct gw_law *l, const struct gw_config_node *n,
                                     struct gw_buf *err);

/* All mistakes of a list, not the first alone. */
static enum gw_status compile_list(struct gw_law *l, const struct gw_config_node *root,
                                   const char *name, size_t row_size, void *ret_rows,
                                   compile_fn compile_row, struct gw_buf *err)
{
    const struct gw_config_node *list = gw_config_node_child(root, name);
    size_t count = gw_config_node_count(list);
    if (list == NULL || gw_config_node_kind(list) != GW_CONFIG_KIND_LIST || count == 0 ||
        count > MAX_ROWS) {
        gw_config_node_complain(root, err, "%s: expected a list of 1 to %d rows", name, MAX_ROWS);
        return GW_INVALID;
    }
    void *rows = gw_arena_calloc(l->arena, count, row_size);
    if (rows == NULL)
        return GW_NOMEM;
    *(void **)ret_rows = rows;
    enum gw_status st = GW_OK;
    for (size_t i = 0; i < count; i++) {
        enum gw_status one = compile_row(l, gw_config_node_at(list, i), err);
        st = st == GW_OK ? one : st;
    }
    return st;
}

static enum gw_status edition_of(const struct gw_config_node *root, const char **ret,
                                 struct gw_buf *err)
{
    const char *edition = gw_config_node_get_string(root, "edition", "");
    if (edition[0] != '\0' && strlen(edition) <= 32 && is_code(edition)) {
        *ret = edition;
        return GW_OK;
    }
    gw_config_node_complain(root, err,
                            "edition: expected 1 to 32 small letters, digits, \"-\", "
                            "\".\", \"_\"");
    return GW_INVALID;
}

static enum gw_status compile(struct gw_law *l, struct gw_buf *err)
{
    static const char *const catalogue_keys[] = {"edition", "rows", "no_basis"};
    static const char *const purpose_keys[] = {"edition", "purposes"};
    static const char *const basis[] = {"penalty.basis", "penalty.violation_basis"};
    _Static_assert(GW_ARRAY_LEN(basis) == GW_ARRAY_LEN(l->basis_path), "one path each");

    for (size_t i = 0; i < GW_ARRAY_LEN(basis); i++) {
        const char *why;
        GW_TRY(gw_canon_path_compile(basis[i], &l->basis_path[i], &why));
    }
    const struct gw_config_node *c = gw_config_root(l->catalogue);
    const struct gw_config_node *p = gw_config_root(l->purposes);
    const char *purposes_edition = "";
    enum gw_status st[] = {
        gw_config_node_only(c, catalogue_keys, GW_ARRAY_LEN(catalogue_keys), err),
        gw_config_node_only(p, purpose_keys, GW_ARRAY_LEN(purpose_keys), err),
        edition_of(c, &l->edition, err),
        edition_of(p, &purposes_edition, err),
        compile_list(l, c, "rows", sizeof(*l->entry), &l->entry, compile_entry, err),
        compile_list(l, c, "no_basis", sizeof(*l->refusal), &l->refusal, compile_refusal, err),
        compile_list(l, p, "purposes", sizeof(*l->purpose), &l->purpose, compile_purpose, err),
    };
    for (size_t i = 0; i < GW_ARRAY_LEN(st); i++)
        GW_TRY(st[i]);
    if (strcmp(l->edition, purposes_edition) != 0) {
        gw_config_node_complain(p, err, "edition: seen \"%s\", expected \"%s\" as in %s",
                                purposes_edition, l->edition, file_names[0]);
        return GW_INVALID;
    }
    gw_law_match_prepare(l);
    l->policy = gw_arena_printf(l->arena, "law@%s", l->edition);
    return l->policy != NULL ? GW_OK : GW_NOMEM;
}

void gw_law_conf_free(struct gw_law *l)
{
    gw_config_free(l->catalogue);
    gw_config_free(l->purposes);
}

/* In the order of the names. */
static enum gw_status digest(struct gw_law *l)
{
    const struct gw_config *const config[] = {l->catalogue, l->purposes};
    for (size_t i = 0; i < GW_ARRAY_LEN(config); i++)
        gw_crypto_digest_put(&l->digest_list, gw_config_text(config[i]), "law/", file_names[i]);
    GW_TRY(gw_buf_failed(&l->digest_list));
    gw_crypto_sha256(gw_buf_view(&l->digest_list), GW_BYTES_NONE, GW_BYTES_NONE, &l->digest);
    return GW_OK;
}

static enum gw_status law_new(struct gw_law **ret)
{
    GW_CLEANUP(gw_law_freep) struct gw_law *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return GW_NOMEM;
    gw_buf_init(&l->digest_list, 4096);
    l->arena = gw_arena_new("law", ARENA_BUDGET);
    if (l->arena == NULL)
        return GW_NOMEM;
    *ret = gw_steal(&l);
    return GW_OK;
}

enum gw_status gw_law_parse(struct gw_bytes catalogue, struct gw_bytes purposes,
                            struct gw_law **ret, struct gw_buf *ret_error)
{
    GW_CLEANUP(gw_law_freep) struct gw_law *l = NULL;
    GW_TRY(law_new(&l));
    GW_TRY(gw_config_parse(catalogue, file_names[0], &l->catalogue, ret_error));
    GW_TRY(gw_config_parse(purposes, file_names[1], &l->purposes, ret_error));
    GW_TRY(compile(l, ret_error));
    GW_TRY(digest(l));
    *ret = gw_steal(&l);
    return GW_OK;
}

enum gw_status gw_law_load(const char *dir, struct gw_law **ret, struct gw_buf *ret_error)
{
    GW_CLEANUP(gw_law_freep) struct gw_law *l = NULL;
    GW_TRY(law_new(&l));
    GW_TRY(gw_config_load_in(dir, file_names[0], &l->catalogue, ret_error));
    GW_TRY(gw_config_load_in(dir, file_names[1], &l->purposes, ret_error));
    GW_TRY(compile(l, ret_error));
    GW_TRY(digest(l));
    *ret = gw_steal(&l);
    return GW_OK;
}
