/* Operations.Status: what is known of the adapters from files, and what they say of themselves. */
#include <string.h>

#include "adapter/adapter.h"
#include "service/service_internal.h"

static bool set_disabled(const struct gw_service_ctx *x, size_t index,
                         Xinqiao__V1__AdapterStatus *m, struct gw_report *red)
{
    const struct gw_adapter_set *set = x->views->adapters;
    size_t count = gw_adapter_target_count(set);
    m->disabled = gw_arena_calloc(x->arena, count + 1, sizeof(*m->disabled));
    if (m->disabled == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct gw_adapter_target *t = gw_adapter_target_at(set, i);
        if (t->index != index)
            continue;
        m->late_answers += atomic_load(&t->health->late);
        if (!gw_adapter_disabled(t))
            continue;
        m->disabled[m->n_disabled++] = gw_service_str(t->name);
        gw_report_add(red, GW_PROBLEM_ERROR, "adapter-method-disabled", "", "item", t->name, NULL);
    }
    return true;
}

static Xinqiao__V1__AdapterLine *line_of(const struct gw_service_ctx *x,
                                         const struct gw_segment_line *l)
{
    Xinqiao__V1__AdapterLine *m = gw_arena_new_of(x->arena, Xinqiao__V1__AdapterLine);
    if (m == NULL)
        return NULL;
    xinqiao__v1__adapter_line__init(m);
    m->item = gw_service_str(l->item);
    m->state = gw_service_str(l->state);
    m->text_zh = gw_service_str(l->zh);
    m->text_en = gw_service_str(l->en);
    m->red = l->red;
    return m;
}

/* The lines are in the arena of the call that asks, and so are those of the message. */
static bool set_lines(const struct gw_service_ctx *x, const struct gw_segment *s,
                      Xinqiao__V1__AdapterStatus *m)
{
    m->lines = gw_arena_calloc(x->arena, s->line_count + 1, sizeof(*m->lines));
    if (m->lines == NULL)
        return false;
    for (const struct gw_segment_line *l = s->lines; l != NULL; l = l->next) {
        if ((m->lines[m->n_lines] = line_of(x, l)) == NULL)
            return false;
        m->n_lines++;
    }
    return true;
}

/* status() sees the operator's call, and sends nothing into it. */
static bool ask(const struct gw_service_ctx *x, const struct gw_adapter_held *h, size_t index,
                Xinqiao__V1__AdapterStatus *m, struct gw_report *red)
{
    struct gw_segment s;
    struct gw_adapter_call view = *x->call;
    gw_segment_init(&s, x->arena, x->now_us);
    view.target = h->whole;
    view.state = NULL;
    view.generation = x->views->adapter_states != NULL ? x->views->adapter_states[index] : NULL;
    enum gw_status st = gw_adapter_status(&view, &s);
    if (st != GW_OK)
        gw_report_add(red, GW_PROBLEM_ERROR, "adapter-status-failed", "", "item", m->name, NULL);
    bool good = st != GW_NOMEM && set_lines(x, &s, m);
    gw_segment_fini(&s);
    return good;
}

static Xinqiao__V1__AdapterStatus *status_of(const struct gw_service_ctx *x, size_t index,
                                             struct gw_report *red)
{
    const struct gw_adapter_held *h = gw_adapter_set_at(x->views->adapters, index);
    Xinqiao__V1__AdapterStatus *m = gw_arena_new_of(x->arena, Xinqiao__V1__AdapterStatus);
    if (m == NULL)
        return NULL;
    xinqiao__v1__adapter_status__init(m);
    m->name = gw_service_str(h->published->name);
    m->file = gw_service_str(h->file);
    m->digest.data = gw_arena_alloc(x->arena, sizeof(h->digest.byte));
    if (m->digest.data == NULL || !set_disabled(x, index, m, red))
        return NULL;
    memcpy(m->digest.data, h->digest.byte, sizeof(h->digest.byte));
    m->digest.len = sizeof(h->digest.byte);
    if (gw_adapter_tick_fails(h->whole->health))
        gw_report_add(red, GW_PROBLEM_ERROR, "adapter-tick-failing", "", "item", m->name, NULL);
    if (h->published->status != NULL && !ask(x, h, index, m, red))
        return NULL;
    return m;
}

bool gw_service_status_adapters(const struct gw_service_ctx *x, Xinqiao__V1__StatusResponse *m,
                                struct gw_report *red)
{
    const struct gw_adapter_set *set = x->views->adapters;
    if (set == NULL)
        return true;
    size_t count = gw_adapter_set_count(set);
    m->adapters = gw_arena_calloc(x->arena, count + 1, sizeof(*m->adapters));
    if (m->adapters == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (gw_adapter_set_at(set, i)->file == NULL)
            continue;
        if ((m->adapters[m->n_adapters] = status_of(x, i, red)) == NULL)
            return false;
        m->n_adapters++;
    }
    return true;
}
