/* For operators: how the lists are, which versions are held, release by two, discard by one. */
#include <stdio.h>

#include "sanction_list.h"

enum { HELD_MAX = 256 };

int32_t sl_lists(void *self, struct gw_adapter_call *c, void *state,
                 const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)message, (void)item;
    Xinqiao__V1__ListsResponse m = XINQIAO__V1__LISTS_RESPONSE__INIT;
    struct gw_adapter_list l;
    size_t n = 0;
    while (sl_host->law_list_at(c, n, &l) == 0)
        n++;
    m.lists = sl_zalloc(c, (n + 1) * sizeof(*m.lists));
    if (m.lists == NULL)
        return -1;
    for (; m.n_lists < n; m.n_lists++)
        if (sl_host->law_list_at(c, m.n_lists, &l) != 0 ||
            sl_state_of(c, &l, &m.lists[m.n_lists]) != 0)
            return -1;
    sl_host->send(c, &m.base);
    sl_host->finish(c, "ok");
    return 0;
}

struct held {
    struct gw_adapter_call *c;
    Xinqiao__V1__HeldResponse *m;
    bool failed;
};

static int32_t consents(struct gw_adapter_call *c, const char *first, const char *second,
                        char ***ret, size_t *ret_count)
{
    *ret = sl_zalloc(c, 2 * sizeof(**ret));
    if (*ret == NULL)
        return -1;
    *ret_count = 0;
    if (first[0] != '\0')
        (*ret)[(*ret_count)++] = sl_dup(c, first);
    if (second != NULL)
        (*ret)[(*ret_count)++] = sl_dup(c, second);
    return 0;
}

static int32_t on_held(void *arg, const struct gw_adapter_value *v, size_t n)
{
    (void)n;
    struct held *h = arg;
    struct sl_version row = {0};
    Xinqiao__V1__HeldVersion *one = sl_zalloc(h->c, sizeof(*one));
    sl_version_take(&row, v);
    if (one == NULL) {
        h->failed = true;
        return 1;
    }
    xinqiao__v1__held_version__init(one);
    one->list = sl_dup(h->c, row.list);
    one->source = sl_dup(h->c, row.source);
    one->version = sl_dup(h->c, row.version);
    one->snapshot = row.snapshot;
    one->closed_at = sl_time(h->c, row.closed_us);
    one->reason = sl_dup(h->c, row.reason);
    h->failed = sl_version_counts(h->c, &row, &one->counts) != 0 ||
                consents(h->c, row.operator_, NULL, &one->released_by, &one->n_released_by) != 0;
    h->m->held[h->m->n_held++] = one;
    return h->failed || h->m->n_held == HELD_MAX;
}

int32_t sl_held(void *self, struct gw_adapter_call *c, void *state, const ProtobufCMessage *message,
                void *item)
{
    (void)self, (void)state, (void)message, (void)item;
    Xinqiao__V1__HeldResponse m = XINQIAO__V1__HELD_RESPONSE__INIT;
    struct held h = {.c = c, .m = &m};
    m.held = sl_zalloc(c, HELD_MAX * sizeof(*m.held));
    const struct gw_adapter_value none = SL_NULL;
    if (m.held == NULL || sl_host->sql(c, SL_VERSIONS_HELD, &none, 0, on_held, &h) != 0 || h.failed)
        return -1;
    sl_host->send(c, &m.base);
    sl_host->finish(c, "ok");
    return 0;
}

/* The held version that is meant. */
static int32_t find(struct gw_adapter_call *c, const char *list, const char *source,
                    const char *version, struct sl_version *ret)
{
    *ret = (struct sl_version){0};
    if (SL_SQL(c, VERSION_GET, sl_on_version, ret, SL_TEXT(source), SL_TEXT(list),
               SL_TEXT(version)) != 0)
        return -1;
    ret->found = ret->found && ret->state == SL_HELD;
    return 0;
}

static const char *caller(struct gw_adapter_call *c)
{
    const char *name = sl_host->lend(c, GW_LEND_PEER_NAME);
    return name != NULL ? name : "";
}

int32_t sl_release(void *self, struct gw_adapter_call *c, void *state,
                   const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)item;
    const Xinqiao__V1__ReleaseRequest *in = (const Xinqiao__V1__ReleaseRequest *)message;
    Xinqiao__V1__ReleaseResponse m = XINQIAO__V1__RELEASE_RESPONSE__INIT;
    struct sl_version v;
    const char *who = caller(c);
    if (find(c, in->list, in->source, in->version, &v) != 0)
        return -1;
    if (!v.found)
        return sl_refuse(c, SL_REASON("held-unknown"), "version");
    if (strcmp(v.operator_, who) == 0)
        return sl_refuse(c, SL_REASON("same-operator"), "version");
    m.released = v.operator_[0] != '\0';
    if (consents(c, v.operator_, who, &m.released_by, &m.n_released_by) != 0)
        return -1;
    /* What it would change may have changed since it was closed. */
    int32_t rc = m.released ? sl_version_apply(c, &v)
                            : SL_SQL(c, VERSION_CONSENT, NULL, NULL, SL_NUM(v.no), SL_TEXT(who));
    if (rc != 0 || sl_version_counts(c, &v, &m.counts) != 0)
        return -1;
    sl_host->note_kind(c, SL_KIND, v.list);
    sl_host->note_list(c, v.list, v.version);
    if (m.released)
        sl_host->note_counts(c, (uint32_t)(v.added + v.updated + v.removed + v.repaired), 0);
    sl_host->send(c, &m.base);
    sl_host->finish(c, "ok");
    return 0;
}

int32_t sl_discard(void *self, struct gw_adapter_call *c, void *state,
                   const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)item;
    const Xinqiao__V1__DiscardRequest *in = (const Xinqiao__V1__DiscardRequest *)message;
    Xinqiao__V1__DiscardResponse m = XINQIAO__V1__DISCARD_RESPONSE__INIT;
    struct sl_version v;
    if (find(c, in->list, in->source, in->version, &v) != 0)
        return -1;
    if (!v.found)
        return sl_refuse(c, SL_REASON("held-unknown"), "version");
    if (sl_version_discard(c, &v) != 0)
        return -1;
    sl_host->note_kind(c, SL_KIND, v.list);
    sl_host->note_list(c, v.list, v.version);
    sl_host->send(c, &m.base);
    sl_host->finish(c, "ok");
    return 0;
}
