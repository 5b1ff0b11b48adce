/* Mapping files, and the defaults of a peer profile, read into plain specs; checked and compiled in
 * compile.c, brought together in set.c. The syntax is described in conf/formats/README.md. */
#include "config/config.h"
#include "format/format_internal.h"

enum { MAX_DEFAULTS = 256 };

#define STR(s, field, name)                                                                        \
    GW_CONFIG_OPTION(struct s, field, name, GW_CONFIG_STRING, "", 0, 0, true, "")
#define STRS(s, field, name)                                                                       \
    GW_CONFIG_OPTION(struct s, field, name, GW_CONFIG_STRINGS, "", 0, 0, true, "")
#define BOOL(s, field, name)                                                                       \
    GW_CONFIG_OPTION(struct s, field, name, GW_CONFIG_BOOL, "false", 0, 0, true, "")
#define NODE(s, field, name)                                                                       \
    GW_CONFIG_OPTION(struct s, field, name, GW_CONFIG_NODE, "", 0, 0, true, "")

/* As filled by config/; the spec is the same without its types. */
struct row_conf {
    const char *name, *zh, *path, *op, *table, *other, *filler, *filler_as, *regno, *kind, *unit,
        *also, *uscc, *derive, *fallback, *direction, *certainty, *note;
    struct gw_config_strings patterns, codes, aliases, lengths, absent_texts;
    int width, decimals;
    bool required, positive, derive_kind, inner_warn, masked, ids, structured, impersonal;
    const struct gw_config_node *when, *only;
};

static const struct gw_config_option row_options[] = {
    STR(row_conf, name, "name"),
    STR(row_conf, zh, "zh"),
    STR(row_conf, path, "path"),
    STR(row_conf, op, "op"),
    STR(row_conf, table, "table"),
    STR(row_conf, other, "other"),
    STR(row_conf, filler, "filler"),
    STR(row_conf, filler_as, "filler_as"),
    STR(row_conf, regno, "regno"),
    STR(row_conf, kind, "kind"),
    STR(row_conf, unit, "unit"),
    STR(row_conf, also, "also"),
    STR(row_conf, uscc, "uscc"),
    STR(row_conf, derive, "derive"),
    STR(row_conf, fallback, "fallback"),
    STR(row_conf, direction, "direction"),
    STR(row_conf, certainty, "certainty"),
    STR(row_conf, note, "note"),
    STRS(row_conf, patterns, "patterns"),
    STRS(row_conf, codes, "codes"),
    STRS(row_conf, aliases, "aliases"),
    STRS(row_conf, lengths, "lengths"),
    STRS(row_conf, absent_texts, "absent_texts"),
    GW_CONFIG_OPTION(struct row_conf, width, "width", GW_CONFIG_INT, "0", 0, 100000, true, ""),
    GW_CONFIG_OPTION(struct row_conf, decimals, "decimals", GW_CONFIG_INT, "0", 0, 6, true, ""),
    BOOL(row_conf, required, "required"),
    BOOL(row_conf, positive, "positive"),
    BOOL(row_conf, derive_kind, "derive_kind"),
    BOOL(row_conf, inner_warn, "inner_warn"),
    BOOL(row_conf, masked, "masked"),
    BOOL(row_conf, ids, "ids"),
    BOOL(row_conf, structured, "structured"),
    BOOL(row_conf, impersonal, "impersonal"),
    NODE(row_conf, when, "when"),
    NODE(row_conf, only, "only"),
};

struct head_conf {
    const char *id, *title_zh, *title_en, *kind, *media, *record, *absent, *confirmed_by,
        *confirmed_on;
    struct gw_config_strings classes, absent_texts, no_end, absent_dates, refused;
    const struct gw_config_node *fields, *tables, *checks, *constants, *envelope;
};

static const struct gw_config_option head_options[] = {
    STR(head_conf, id, "id"),
    STR(head_conf, title_zh, "title_zh"),
    STR(head_conf, title_en, "title_en"),
    STR(head_conf, kind, "kind"),
    STR(head_conf, media, "media"),
    STR(head_conf, record, "record"),
    STR(head_conf, absent, "absent"),
    STR(head_conf, confirmed_by, "confirmed_by"),
    STR(head_conf, confirmed_on, "confirmed_on"),
    STRS(head_conf, classes, "classes"),
    STRS(head_conf, absent_texts, "absent_texts"),
    STRS(head_conf, no_end, "no_end"),
    STRS(head_conf, absent_dates, "absent_dates"),
    STRS(head_conf, refused, "refused"),
    NODE(head_conf, fields, "fields"),
    NODE(head_conf, tables, "tables"),
    NODE(head_conf, checks, "checks"),
    NODE(head_conf, constants, "constants"),
    NODE(head_conf, envelope, "envelope"),
};

struct cond_conf {
    const char *path;
    struct gw_config_strings is;
};
static const struct gw_config_option cond_options[] = {STR(cond_conf, path, "path"),
                                                       STRS(cond_conf, is, "is")};

struct table_conf {
    const char *other, *other_value;
    struct gw_config_strings separators;
    const struct gw_config_node *items;
};
static const struct gw_config_option table_options[] = {
    STR(table_conf, other, "other"),
    STR(table_conf, other_value, "other_value"),
    STRS(table_conf, separators, "separators"),
    NODE(table_conf, items, "items"),
};

struct check_conf {
    const char *rule, *field, *than, *severity, *certainty, *note;
};
static const struct gw_config_option check_options[] = {
    STR(check_conf, rule, "rule"),           STR(check_conf, field, "field"),
    STR(check_conf, than, "than"),           STR(check_conf, severity, "severity"),
    STR(check_conf, certainty, "certainty"), STR(check_conf, note, "note"),
};

struct constant_conf {
    const char *path, *value, *note;
    const struct gw_config_node *when;
};
static const struct gw_config_option constant_options[] = {
    STR(constant_conf, path, "path"),
    STR(constant_conf, value, "value"),
    STR(constant_conf, note, "note"),
    NODE(constant_conf, when, "when"),
};

static const struct gw_config_option envelope_options[] = {
    STR(gw_envelope_spec, code, "code"),       STR(gw_envelope_spec, ok, "ok"),
    STR(gw_envelope_spec, message, "message"), STR(gw_envelope_spec, rows, "rows"),
    STR(gw_envelope_spec, count, "count"),     STR(gw_envelope_spec, inner_rows, "inner_rows"),
};

/* ---- reading ---- */

struct reading {
    struct gw_arena *arena;
    struct gw_buf *error;
    bool ok;
};

static const char *or_null(const char *s)
{
    return s != NULL && s[0] != '\0' ? s : NULL;
}

static struct gw_strings strings(struct gw_config_strings s)
{
    return (struct gw_strings){s.items, s.count};
}

static bool fill(struct reading *r, const struct gw_config_node *n,
                 const struct gw_config_option *rows, size_t count, void *ret)
{
    if (gw_config_node_fill(n, rows, count, ret, r->error) == GW_OK)
        return true;
    r->ok = false;
    return false;
}

static void *many(struct reading *r, const struct gw_config_node *list, size_t size)
{
    void *p = gw_arena_calloc(r->arena, gw_config_node_count(list), size);
    if (p == NULL)
        r->ok = false;
    return p;
}

static void read_cond(struct reading *r, const struct gw_config_node *n, struct gw_cond_spec *ret,
                      size_t *count)
{
    struct cond_conf c;
    if (*count == GW_FORMAT_MAX_CONDS) {
        gw_config_node_complain(n, r->error, "more than %d conditions", GW_FORMAT_MAX_CONDS);
        r->ok = false;
        return;
    }
    if (fill(r, n, cond_options, GW_ARRAY_LEN(cond_options), &c))
        ret[(*count)++] =
            (struct gw_cond_spec){or_null(c.path), strings(c.is), gw_config_node_line(n)};
}

/* One condition as a group, or several in a list. */
static void read_conds(struct reading *r, const struct gw_config_node *n, struct gw_cond_spec *ret,
                       size_t *count)
{
    if (n == NULL)
        return;
    if (gw_config_node_kind(n) == GW_CONFIG_KIND_GROUP) {
        read_cond(r, n, ret, count);
        return;
    }
    for (size_t i = 0; i < gw_config_node_count(n); i++)
        read_cond(r, gw_config_node_at(n, i), ret, count);
}

static void read_row(struct reading *r, const struct gw_config_node *n, struct gw_row_spec *s)
{
    struct row_conf c;
    s->line = gw_config_node_line(n);
    s->name = "?";
    if (!fill(r, n, row_options, GW_ARRAY_LEN(row_options), &c))
        return;
    s->name = c.name;
    s->zh = or_null(c.zh);
    s->path = or_null(c.path);
    s->op = or_null(c.op);
    s->table = or_null(c.table);
    s->other = or_null(c.other);
    s->filler = or_null(c.filler);
    s->filler_as = or_null(c.filler_as);
    s->regno = or_null(c.regno);
    s->kind = or_null(c.kind);
    s->unit = or_null(c.unit);
    s->also = or_null(c.also);
    s->uscc = or_null(c.uscc);
    s->derive = or_null(c.derive);
    s->fallback = or_null(c.fallback);
    s->direction = or_null(c.direction);
    s->certainty = or_null(c.certainty);
    s->note = or_null(c.note);
    s->patterns = strings(c.patterns);
    s->codes = strings(c.codes);
    s->aliases = strings(c.aliases);
    s->lengths = strings(c.lengths);
    s->absent_texts = strings(c.absent_texts);
    s->width = c.width;
    s->decimals = c.decimals;
    s->required = c.required;
    s->positive = c.positive;
    s->derive_kind = c.derive_kind;
    s->inner_warn = c.inner_warn;
    s->masked = c.masked;
    s->ids = c.ids;
    s->structured = c.structured;
    s->impersonal = c.impersonal;
    read_conds(r, c.when, s->when, &s->when_count);
    read_conds(r, c.only, s->only, &s->only_count);
    /* The name must be known even where the rest is wrong: messages start with it. */
    bool kept = s->op != NULL && strcmp(s->op, "keep") == 0;
    if (or_null(c.name) == NULL || (s->path == NULL && !kept)) {
        gw_config_node_complain(n, r->error, "a field needs name and path");
        r->ok = false;
    }
}

static void read_table(struct reading *r, const struct gw_config_node *n, struct gw_table_spec *s)
{
    struct table_conf c;
    s->name = gw_config_node_name(n);
    s->line = gw_config_node_line(n);
    if (!fill(r, n, table_options, GW_ARRAY_LEN(table_options), &c))
        return;
    s->other = or_null(c.other);
    s->other_value = or_null(c.other_value);
    s->separators = strings(c.separators);
    s->items = many(r, c.items, sizeof(*s->items));
    for (size_t i = 0; s->items != NULL && i < gw_config_node_count(c.items); i++) {
        const struct gw_config_node *item = gw_config_node_at(c.items, i);
        const char *text = gw_config_node_string(gw_config_node_at(item, 0));
        const char *value = gw_config_node_string(gw_config_node_at(item, 1));
        if (gw_config_node_count(item) != 2 || text == NULL || value == NULL) {
            gw_config_node_complain(item, r->error, "expected [\"text\", \"NAME\"]");
            r->ok = false;
            continue;
        }
        s->items[s->count++] = (struct gw_table_item_spec){text, value, gw_config_node_line(item)};
    }
}

static void read_lists(struct reading *r, const struct head_conf *h, struct gw_format_spec *s)
{
    s->rows = many(r, h->fields, sizeof(*s->rows));
    for (size_t i = 0; s->rows != NULL && i < gw_config_node_count(h->fields); i++)
        read_row(r, gw_config_node_at(h->fields, i), &s->rows[s->row_count++]);
    s->tables = many(r, h->tables, sizeof(*s->tables));
    for (size_t i = 0; s->tables != NULL && i < gw_config_node_count(h->tables); i++)
        read_table(r, gw_config_node_at(h->tables, i), &s->tables[s->table_count++]);
    s->checks = many(r, h->checks, sizeof(*s->checks));
    for (size_t i = 0; s->checks != NULL && i < gw_config_node_count(h->checks); i++) {
        const struct gw_config_node *n = gw_config_node_at(h->checks, i);
        struct check_conf c;
        if (fill(r, n, check_options, GW_ARRAY_LEN(check_options), &c))
            s->checks[s->check_count++] =
                (struct gw_check_spec){or_null(c.rule), or_null(c.field), or_null(c.than),
                                       or_null(c.severity), gw_config_node_line(n)};
    }
    s->constants = many(r, h->constants, sizeof(*s->constants));
    for (size_t i = 0; s->constants != NULL && i < gw_config_node_count(h->constants); i++) {
        const struct gw_config_node *n = gw_config_node_at(h->constants, i);
        struct constant_conf c;
        if (!fill(r, n, constant_options, GW_ARRAY_LEN(constant_options), &c))
            continue;
        struct gw_constant_spec *k = &s->constants[s->constant_count++];
        *k = (struct gw_constant_spec){
            .path = or_null(c.path), .value = or_null(c.value), .line = gw_config_node_line(n)};
        read_conds(r, c.when, k->when, &k->when_count);
    }
}

static void read_envelope(struct reading *r, const struct gw_config_node *n,
                          struct gw_envelope_spec *ret)
{
    struct gw_envelope_spec e;
    if (n == NULL || !fill(r, n, envelope_options, GW_ARRAY_LEN(envelope_options), &e))
        return;
    *ret = (struct gw_envelope_spec){or_null(e.code), or_null(e.ok),    or_null(e.message),
                                     or_null(e.rows), or_null(e.count), or_null(e.inner_rows)};
    if (ret->rows == NULL || (ret->code != NULL) != (ret->ok != NULL)) {
        gw_config_node_complain(n, r->error, "an envelope needs rows, and code together with ok");
        r->ok = false;
    }
}

static enum gw_status read_format(const struct gw_config *conf, struct gw_format_set *set,
                                  struct gw_buf *error, struct gw_format **ret)
{
    struct reading r = {.arena = set->arena, .error = error, .ok = true};
    const struct gw_config_node *root = gw_config_root(conf);
    struct head_conf h;
    if (!fill(&r, root, head_options, GW_ARRAY_LEN(head_options), &h))
        return GW_INVALID;
    struct gw_format_spec *s = gw_arena_new_of(set->arena, struct gw_format_spec);
    if (s == NULL)
        return GW_NOMEM;
    s->file = gw_config_file(conf);
    s->line = 1;
    s->id = or_null(h.id);
    s->title_zh = or_null(h.title_zh);
    s->title_en = or_null(h.title_en);
    s->kind = or_null(h.kind);
    s->media = or_null(h.media);
    s->record = or_null(h.record);
    s->absent_style = or_null(h.absent);
    s->confirmed_by = or_null(h.confirmed_by);
    s->confirmed_on = or_null(h.confirmed_on);
    s->classes = strings(h.classes);
    s->absent_texts = strings(h.absent_texts);
    s->no_end = strings(h.no_end);
    s->absent_dates = strings(h.absent_dates);
    s->refused = strings(h.refused);
    read_lists(&r, &h, s);
    read_envelope(&r, h.envelope, &s->envelope);
    if (gw_arena_failed(set->arena))
        return GW_NOMEM;
    /* Rows that could not be read would only cause more complaints. */
    return r.ok ? gw_format_compile(s, set->arena, ret, error) : GW_INVALID;
}

/* ---- files of a set ---- */

void gw_format_config_free(void *config)
{
    gw_config_free(config);
}

/* Takes the config over. */
static enum gw_status take_config(struct gw_format_set *s, struct gw_config *conf, const char *name,
                                  struct gw_buf *error)
{
    s->configs[s->config_count++] = conf;
    gw_crypto_digest_put(&s->digest_list, gw_config_text(conf), "", name);
    struct gw_format *f = NULL;
    GW_TRY(read_format(conf, s, error, &f));
    s->format[s->count++] = f;
    return GW_OK;
}

enum gw_status gw_format_conf_load(struct gw_format_set *s, const char *dir, const char *name,
                                   struct gw_buf *error)
{
    struct gw_config *conf = NULL;
    if (!gw_config_is_file_name(name))
        return GW_OK;
    enum gw_status st = gw_config_load_in(dir, name, &conf, error);
    if (st != GW_OK)
        return st == GW_NOMEM ? st : GW_INVALID;
    return take_config(s, conf, name, error);
}

enum gw_status gw_format_conf_parse(struct gw_format_set *s, struct gw_bytes text, const char *file,
                                    struct gw_buf *error)
{
    struct gw_config *conf = NULL;
    GW_TRY(gw_config_parse(text, file, &conf, error));
    return take_config(s, conf, file, error);
}

/* ---- defaults of a peer profile: { FIELD = "value"; } ---- */

/* The members of one `values` group. */
static bool read_values(const struct gw_config_node *n, struct gw_default_spec *specs,
                        size_t *count, struct gw_buf *ret_error)
{
    static const char *const names[] = {"format", "values"};
    const char *format = gw_config_node_get_string(n, "format", NULL);
    const struct gw_config_node *values = gw_config_node_child(n, "values");
    bool ok = gw_config_node_only(n, names, GW_ARRAY_LEN(names), ret_error) == GW_OK;
    if (format == NULL || gw_config_node_kind(values) != GW_CONFIG_KIND_GROUP) {
        gw_config_node_complain(n, ret_error, "expected { format = \"...\"; values = { ... }; }");
        return false;
    }
    for (size_t i = 0; i < gw_config_node_count(values); i++) {
        const struct gw_config_node *v = gw_config_node_at(values, i);
        const char *text = gw_config_node_string(v);
        if (text == NULL || text[0] == '\0' || *count == MAX_DEFAULTS) {
            gw_config_node_complain(v, ret_error, "seen %s, expected a text, %d of them at most",
                                    gw_config_node_kind_text(v), MAX_DEFAULTS);
            ok = false;
            continue;
        }
        specs[(*count)++] =
            (struct gw_default_spec){format, gw_config_node_name(v), text, gw_config_node_line(v)};
    }
    return ok;
}

enum gw_status gw_format_defaults_load(const struct gw_format_set *s,
                                       const struct gw_config_node *list,
                                       struct gw_format_defaults **ret, struct gw_buf *ret_error)
{
    struct gw_default_spec specs[MAX_DEFAULTS];
    size_t count = 0;
    bool ok = list == NULL || gw_config_node_kind(list) == GW_CONFIG_KIND_LIST;
    if (!ok)
        gw_config_node_complain(list, ret_error, "seen %s, expected a list of { format, values }",
                                gw_config_node_kind_text(list));
    for (size_t i = 0; ok && i < gw_config_node_count(list); i++)
        ok = read_values(gw_config_node_at(list, i), specs, &count, ret_error);
    if (!ok)
        return GW_INVALID;
    return gw_format_defaults_compile(s, list != NULL ? gw_config_node_file(list) : "", specs,
                                      count, ret, ret_error);
}
