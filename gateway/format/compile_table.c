/* Tables of a mapping: texts <-> names of an enumeration, compiled for the row that uses them. */
#include "format/compile.h"

static const struct gw_table_spec *table_spec(const struct gw_compiling *c, const char *name)
{
    for (size_t i = 0; i < c->spec->table_count; i++) {
        if (strcmp(c->spec->tables[i].name, name) == 0)
            return &c->spec->tables[i];
    }
    return NULL;
}

static const char *expected_texts(struct gw_compiling *c, const struct gw_table *t)
{
    struct gw_buf b;
    gw_buf_init(&b, 4096);
    for (size_t i = 0; i < t->count; i++) {
        gw_buf_str(&b, i != 0 ? "、" : "");
        gw_buf_bytes(&b, t->items[i].text);
    }
    if (t->other_value >= 0)
        gw_buf_printf(&b, "、%.*s*", GW_BYTES_FMT(t->other_prefix));
    const char *s = gw_arena_strndup(c->arena, b.ptr, b.len);
    gw_buf_fini(&b);
    return s;
}

static void items_compile(struct gw_compiling *c, const struct gw_table_spec *s,
                          const struct gw_canon_path *p, struct gw_table *t,
                          struct gw_table_item *items)
{
    for (size_t i = 0; i < s->count; i++) {
        int32_t value = 0;
        bool texts = p->type == GW_CANON_TEXT;
        if (!texts && !gw_compile_enum_value(p, s->items[i].value, &value))
            gw_compile_complain(c, s->items[i].line,
                                "table %s: seen \"%s\", expected a name of the enumeration of %s",
                                s->name, s->items[i].value, p->text);
        if (s->items[i].text[0] == '\0')
            gw_compile_complain(c, s->items[i].line, "table %s: an empty text", s->name);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(s->items[k].text, s->items[i].text) == 0)
                gw_compile_complain(c, s->items[i].line, "table %s: \"%s\" stands twice", s->name,
                                    s->items[i].text);
        }
        items[i] = (struct gw_table_item){.text = gw_bytes_str(s->items[i].text), .value = value};
        if (texts) {
            items[i].name = gw_bytes_str(s->items[i].value);
            continue;
        }
        if (t->own[value] < 0)
            t->own[value] = (int8_t)i;
    }
}

/* A table is compiled for the enumeration of the row that uses it. */
const struct gw_table *gw_compile_table(struct gw_compiling *c, unsigned line, const char *name,
                                        const struct gw_canon_path *p)
{
    const struct gw_table_spec *s = name != NULL ? table_spec(c, name) : NULL;
    if (s == NULL) {
        gw_compile_complain(c, line,
                            "table: seen \"%s\", expected the name of a table of this file",
                            name != NULL ? name : "");
        return NULL;
    }
    struct gw_table *t = gw_arena_new_of(c->arena, struct gw_table);
    struct gw_table_item *items = gw_arena_calloc(c->arena, s->count, sizeof(*items));
    if (t == NULL || items == NULL || s->count > 100) {
        gw_compile_complain(c, s->line, "table %s: too large", name);
        return NULL;
    }
    memset(t->own, -1, sizeof(t->own));
    t->name = s->name;
    t->items = items;
    t->count = s->count;
    t->other_value = -1;
    if (s->other != NULL) {
        t->other_prefix = gw_bytes_str(s->other);
        if (s->other[0] == '\0' ||
            !gw_compile_enum_value(p, s->other_value != NULL ? s->other_value : "OTHER",
                                   &t->other_value))
            gw_compile_complain(c, s->line,
                                "table %s: other: the enumeration of %s has no such name", name,
                                p->text);
    }
    items_compile(c, s, p, t, items);
    if (s->separators.count > GW_ARRAY_LEN(t->separators))
        gw_compile_complain(c, s->line, "table %s: more than %zu separators", name,
                            GW_ARRAY_LEN(t->separators));
    for (size_t i = 0; i < s->separators.count && i < GW_ARRAY_LEN(t->separators); i++) {
        if (s->separators.items[i][0] == '\0')
            gw_compile_complain(c, s->line, "table %s: an empty separator", name);
        t->separators[t->separator_count++] = gw_bytes_str(s->separators.items[i]);
    }
    t->expected = expected_texts(c, t);
    return t;
}
