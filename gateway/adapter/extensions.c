/* What the store keeps for adapters: their migrations and statements as the store wants them. */
#include "adapter/adapter.h"
#include "adapter/adapter_internal.h"

static enum gw_status fill(struct gw_arena *arena, const struct gw_adapter *a,
                           struct gw_store_extension *ret)
{
    struct gw_store_migration *m = gw_arena_calloc(arena, a->migration_count, sizeof(*m));
    struct gw_store_statement *s = gw_arena_calloc(arena, a->statement_count, sizeof(*s));
    if (m == NULL || s == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < a->migration_count; i++)
        m[i] = (struct gw_store_migration){a->migrations[i].number, a->migrations[i].title,
                                           a->migrations[i].sql};
    for (size_t i = 0; i < a->statement_count; i++)
        s[i] = (struct gw_store_statement){a->statements[i].name, a->statements[i].writes != 0,
                                           a->statements[i].sql};
    *ret = (struct gw_store_extension){.name = a->name,
                                       .migrations = m,
                                       .migration_count = a->migration_count,
                                       .statements = s,
                                       .statement_count = a->statement_count};
    return GW_OK;
}

enum gw_status gw_adapter_set_extensions(const struct gw_adapter_set *s, struct gw_arena *arena,
                                         const struct gw_store_extension **ret, size_t *ret_count)
{
    size_t count = gw_adapter_set_count(s);
    struct gw_store_extension *e = gw_arena_calloc(arena, count, sizeof(*e));
    if (e == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < count; i++)
        GW_TRY(fill(arena, gw_adapter_set_at(s, i)->published, &e[i]));
    *ret = e;
    *ret_count = count;
    return GW_OK;
}
