/* What one configuration generation says to the adapters: prepared whole before it is used, then
 * committed, or aborted as if it had never been. Each adapter keeps a state of its own for it. */
#include <stdlib.h>
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/text.h"

/* One adapter's part. Handed to prepare(), valid until release() or abort() has returned. */
struct gw_adapter_config {
    uint32_t magic;
    const struct gw_adapter_held *held;
    struct gw_adapter_conf *conf; /* NULL: built in */
    const struct gw_adapter_setting *settings;
    const struct gw_adapter_law *law;
    struct gw_buf *error; /* inside prepare() only */
    bool complained, prepared;
};
#define CONFIG_MAGIC 0x67616366u

struct gw_adapter_generation {
    const struct gw_adapter_set *set;
    struct gw_adapter_confs *confs;
    struct gw_adapter_law law;
    struct gw_adapter_config *config; /* by place in the set */
    void **state;
    bool committed;
};

static struct gw_adapter_config *config_of(const struct gw_adapter_generation *g, const char *name)
{
    for (size_t i = 0; i < gw_adapter_set_count(g->set); i++)
        if (g->config[i].held->file != NULL &&
            strcmp(g->config[i].held->published->name, name) == 0)
            return &g->config[i];
    return NULL;
}

/* A process has the adapters it was started with. */
static enum gw_status match(struct gw_adapter_generation *g, struct gw_adapter_conf *c,
                            struct gw_buf *ret_error)
{
    struct gw_adapter_config *own = config_of(g, c->name);
    if (own == NULL) {
        gw_adapter_conf_complain(c, GW_BYTES_LIT("a new adapter: restart needed"), ret_error);
        return GW_PRECONDITION;
    }
    if (strcmp(own->held->file, c->file) != 0) {
        gw_adapter_conf_complain(c, GW_BYTES_LIT("another shared object: restart needed"),
                                 ret_error);
        return GW_PRECONDITION;
    }
    own->conf = c;
    return gw_adapter_conf_settings(g->confs, c, own->held->published, &own->settings, ret_error);
}

static enum gw_status match_all(struct gw_adapter_generation *g, const char *dir,
                                struct gw_buf *ret_error)
{
    enum gw_status worst = GW_OK;
    for (size_t i = 0; i < g->confs->count; i++) {
        enum gw_status st = match(g, &g->confs->conf[i], ret_error);
        worst = st != GW_OK ? st : worst;
    }
    for (size_t i = 0; i < gw_adapter_set_count(g->set); i++) {
        const struct gw_adapter_config *own = &g->config[i];
        if (own->held->file == NULL || own->conf != NULL)
            continue;
        gw_buf_printf(ret_error, "%s: %s.conf is gone, and its adapter is loaded: restart needed\n",
                      dir, own->held->published->name);
        worst = GW_PRECONDITION;
    }
    return worst;
}

enum gw_status gw_adapter_generation_new(const struct gw_adapter_set *s, const char *dir,
                                         const char *lib, struct gw_adapter_generation **ret,
                                         struct gw_buf *ret_error)
{
    size_t count = gw_adapter_set_count(s);
    struct gw_adapter_generation *g = calloc(1, sizeof(*g));
    if (g == NULL)
        return GW_NOMEM;
    g->set = s;
    g->config = calloc(count + 1, sizeof(*g->config));
    g->state = calloc(count + 1, sizeof(*g->state));
    enum gw_status st = g->config != NULL && g->state != NULL ? GW_OK : GW_NOMEM;
    for (size_t i = 0; st == GW_OK && i < count; i++)
        g->config[i] = (struct gw_adapter_config){
            .magic = CONFIG_MAGIC, .held = gw_adapter_set_at(s, i), .law = &g->law};
    if (st == GW_OK)
        st = gw_adapter_confs_load(dir, lib, &g->confs, ret_error);
    if (st == GW_OK)
        st = match_all(g, dir, ret_error);
    if (st != GW_OK) {
        gw_adapter_generation_free(g);
        return st;
    }
    *ret = g;
    return GW_OK;
}

static enum gw_status prepare(struct gw_adapter_config *c, void **ret_state,
                              struct gw_buf *ret_error)
{
    const struct gw_adapter *a = c->held->published;
    if (a->prepare == NULL)
        return GW_OK;
    c->error = ret_error;
    int32_t rc = a->prepare(c->held->self, c, ret_state);
    c->error = NULL;
    c->prepared = rc == 0;
    if (rc == 0 && !c->complained)
        return GW_OK;
    if (!c->complained && c->conf != NULL)
        gw_adapter_conf_complain_at(c->conf, NULL,
                                    "the adapter refuses the configuration, and does not say why",
                                    ret_error);
    else if (!c->complained)
        gw_buf_printf(ret_error, "adapter %s refuses the configuration\n", a->name);
    return GW_INVALID;
}

enum gw_status gw_adapter_generation_prepare(struct gw_adapter_generation *g,
                                             const struct gw_adapter_law *law,
                                             struct gw_buf *ret_error)
{
    enum gw_status worst = GW_OK;
    g->law = *law;
    for (size_t i = 0; i < gw_adapter_set_count(g->set); i++) {
        enum gw_status st = prepare(&g->config[i], &g->state[i], ret_error);
        worst = st != GW_OK ? st : worst;
    }
    return worst;
}

void gw_adapter_generation_commit(struct gw_adapter_generation *g)
{
    for (size_t i = 0; i < gw_adapter_set_count(g->set); i++) {
        const struct gw_adapter *a = g->config[i].held->published;
        if (a->commit != NULL && g->config[i].prepared)
            a->commit(g->config[i].held->self, g->state[i]);
    }
    g->committed = true;
}

void gw_adapter_generation_free(struct gw_adapter_generation *g)
{
    if (g == NULL)
        return;
    for (size_t i = g->config != NULL ? gw_adapter_set_count(g->set) : 0; i-- > 0;) {
        const struct gw_adapter_config *c = &g->config[i];
        if (!c->prepared)
            continue;
        const struct gw_adapter *a = c->held->published;
        void (*drop)(void *, void *) = g->committed ? a->release : a->abort;
        if (drop != NULL)
            drop(c->held->self, g->state[i]);
    }
    gw_adapter_confs_free(g->confs);
    free(g->config);
    free(g->state);
    free(g);
}

void *const *gw_adapter_generation_states(const struct gw_adapter_generation *g)
{
    return g->state;
}

void gw_adapter_generation_digests(const struct gw_adapter_generation *g, struct gw_buf *ret)
{
    gw_buf_bytes(ret, gw_buf_view(&g->confs->digests));
    for (size_t i = 0; i < gw_adapter_set_count(g->set); i++) {
        const struct gw_adapter_held *h = g->config[i].held;
        if (h->file == NULL)
            continue;
        gw_hex_put(ret, gw_bytes_make(h->digest.byte, sizeof(h->digest.byte)));
        gw_buf_printf(ret, " adapters/%s.so\n", h->published->name);
    }
}

/* ---- what prepare() asks ---- */

static const struct gw_adapter_setting *setting(const struct gw_adapter_config *g, const char *name,
                                                uint32_t *ret_type)
{
    GW_MAGIC_CHECK(g, CONFIG_MAGIC);
    const struct gw_adapter *a = g->held->published;
    for (size_t i = 0; g->settings != NULL && i < a->option_count; i++) {
        if (strcmp(a->options[i].name, name) != 0)
            continue;
        *ret_type = a->options[i].type;
        return &g->settings[i];
    }
    return NULL;
}

int64_t gw_adapter_view_option_number(const struct gw_adapter_config *g, const char *name)
{
    uint32_t type;
    const struct gw_adapter_setting *s = setting(g, name, &type);
    if (s == NULL || type == GW_OPTION_TEXT)
        return 0;
    return type == GW_OPTION_FLAG ? s->flag : s->number;
}

const char *gw_adapter_view_option_text(const struct gw_adapter_config *g, const char *name)
{
    uint32_t type;
    const struct gw_adapter_setting *s = setting(g, name, &type);
    return s != NULL && type == GW_OPTION_TEXT ? s->text : "";
}

const struct gw_adapter_node *gw_adapter_view_agreement_at(const struct gw_adapter_config *g,
                                                           size_t i)
{
    GW_MAGIC_CHECK(g, CONFIG_MAGIC);
    return g->law->agreement_at != NULL ? g->law->agreement_at(g->law->arg, i) : NULL;
}

int32_t gw_adapter_view_benefit_purpose(const struct gw_adapter_config *g, const char *purpose)
{
    GW_MAGIC_CHECK(g, CONFIG_MAGIC);
    return g->law->benefit_purpose != NULL && g->law->benefit_purpose(g->law->arg, purpose);
}

void gw_adapter_view_complain(const struct gw_adapter_config *g, const struct gw_adapter_node *n,
                              const char *text)
{
    GW_MAGIC_CHECK(g, CONFIG_MAGIC);
    /* It is lent to be read; what it complains about is ours. */
    struct gw_adapter_config *own = (struct gw_adapter_config *)(uintptr_t)g;
    own->complained = true;
    if (own->error != NULL && own->conf != NULL)
        gw_adapter_conf_complain_at(own->conf, n, text, own->error);
}
