/* The set of adapters of a configuration generation: what is refused at load, and the methods found
 * by path. Loading from files comes in front of this: it ends in gw_adapter_set_add() all the same.
 */
#include "adapter/adapter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/map.h"

enum { MAX_ADAPTERS = 64, MAX_TARGETS = 512, MAX_NAME = 256, LOGGED_NAME = 64 /* SPEC.md 4.4 */ };

struct gw_adapter_set {
    struct gw_arena *arena;
    struct gw_map *by_path;
    struct gw_adapter_target *target[MAX_TARGETS];
    size_t targets;
    struct {
        const struct gw_adapter *published;
        void *self;
    } adapter[MAX_ADAPTERS];
    size_t adapters;
    const char *service[MAX_TARGETS + 1];
    size_t services;
};

enum gw_status gw_adapter_set_new(struct gw_adapter_set **ret)
{
    struct gw_adapter_set *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return GW_NOMEM;
    s->arena = gw_arena_new("adapters", 4u << 20);
    s->by_path = gw_map_new();
    if (s->arena == NULL || s->by_path == NULL) {
        gw_adapter_set_free(s);
        return GW_NOMEM;
    }
    *ret = s;
    return GW_OK;
}

void gw_adapter_set_free(struct gw_adapter_set *s)
{
    if (s == NULL)
        return;
    for (size_t i = s->adapters; i-- > 0;)
        if (s->adapter[i].published->fini != NULL)
            s->adapter[i].published->fini(s->adapter[i].self);
    gw_map_free(s->by_path);
    gw_arena_free(s->arena);
    free(s);
}

static const ProtobufCMethodDescriptor *find_method(const ProtobufCServiceDescriptor *sd,
                                                    const char *name)
{
    for (unsigned i = 0; i < sd->n_methods; i++)
        if (strcmp(sd->methods[i].name, name) == 0)
            return &sd->methods[i];
    return NULL;
}

static enum gw_status add_method(struct gw_adapter_set *s, const struct gw_adapter *a, void *self,
                                 const ProtobufCServiceDescriptor *sd,
                                 const struct gw_adapter_method *m, struct gw_buf *ret_error)
{
    const ProtobufCMethodDescriptor *md = find_method(sd, m->name);
    if (md == NULL) {
        gw_buf_printf(ret_error,
                      "adapter %s: its service %s has no method %s; rebuild it with its .proto",
                      a->name, sd->name, m->name);
        return GW_INVALID;
    }
    if (m->message == NULL || m->streaming > GW_STREAM_BIDI || m->place > GW_PLACE_WRITER) {
        gw_buf_printf(ret_error,
                      "adapter %s: method %s/%s has no message() or an unknown kind or place",
                      a->name, sd->name, m->name);
        return GW_INVALID;
    }
    if (m->place == GW_PLACE_WRITER && (m->flags & GW_METHOD_EXEMPT) != 0) {
        gw_buf_printf(ret_error, "adapter %s: method %s/%s writes, so it can not be exempt",
                      a->name, sd->name, m->name);
        return GW_INVALID;
    }
    if (s->targets == MAX_TARGETS) {
        gw_buf_printf(ret_error, "adapter %s: more than %d methods in all", a->name, MAX_TARGETS);
        return GW_TOO_LARGE;
    }
    struct gw_adapter_target *t = gw_arena_new_of(s->arena, struct gw_adapter_target);
    const char *last = strrchr(sd->name, '.');
    if (t == NULL)
        return GW_NOMEM;
    t->adapter = self;
    t->published = a;
    t->method = m;
    t->input = md->input;
    t->output = md->output;
    t->path = gw_arena_printf(s->arena, "/%s/%s", sd->name, m->name);
    t->name = gw_arena_printf(s->arena, "%s/%s", last != NULL ? last + 1 : sd->name, m->name);
    if (gw_arena_failed(s->arena))
        return GW_NOMEM;
    if (strlen(t->name) > LOGGED_NAME) {
        gw_buf_printf(ret_error, "adapter %s: method %s is longer than the %d bytes of a log entry",
                      a->name, t->name, LOGGED_NAME);
        return GW_TOO_LARGE;
    }
    if (gw_map_add(s->by_path, gw_bytes_str(t->path), t) != GW_OK) {
        gw_buf_printf(ret_error, "adapter %s: method %s is published twice", a->name, t->path);
        return GW_EXISTS;
    }
    s->target[s->targets++] = t;
    return GW_OK;
}

static enum gw_status add_reasons(struct gw_adapter_set *s, const struct gw_adapter *a,
                                  struct gw_buf *ret_error)
{
    if (a->reason_count == 0)
        return GW_OK;
    struct gw_reason *rows = gw_arena_calloc(s->arena, a->reason_count, sizeof(*rows));
    if (rows == NULL)
        return GW_NOMEM;
    size_t prefix = strlen(a->name);
    for (size_t i = 0; i < a->reason_count; i++) {
        const struct gw_adapter_reason *r = &a->reasons[i];
        if (strncmp(r->code, a->name, prefix) != 0 || r->code[prefix] != '-') {
            gw_buf_printf(ret_error, "adapter %s: reason %s does not begin with %s-", a->name,
                          r->code, a->name);
            return GW_INVALID;
        }
        rows[i] = (struct gw_reason){.code = r->code,
                                     .grpc = (uint8_t)r->grpc,
                                     .retry_ms = r->retry_ms,
                                     .zh = r->zh,
                                     .en = r->en};
    }
    if (gw_reason_add(rows, a->reason_count) != GW_OK) {
        gw_buf_printf(ret_error, "adapter %s: one of its reasons exists already", a->name);
        return GW_EXISTS;
    }
    return GW_OK;
}

enum gw_status gw_adapter_set_add(struct gw_adapter_set *s, const struct gw_adapter *a,
                                  struct gw_buf *ret_error)
{
    if (a->abi_major != GW_ADAPTER_ABI_MAJOR || a->abi_minor > GW_ADAPTER_ABI_MINOR) {
        gw_buf_printf(
            ret_error,
            "adapter speaks ABI %u.%u, this gateway %u.%u: rebuild it with our gw_adapter.h",
            a->abi_major, a->abi_minor, GW_ADAPTER_ABI_MAJOR, GW_ADAPTER_ABI_MINOR);
        return GW_UNSUPPORTED;
    }
    if (a->struct_size < sizeof(*a)) {
        gw_buf_printf(ret_error, "adapter's description is %zu bytes, ABI %u.%u needs %zu",
                      a->struct_size, a->abi_major, a->abi_minor, sizeof(*a));
        return GW_UNSUPPORTED;
    }
    if (a->name == NULL || strlen(a->name) > MAX_NAME || s->adapters == MAX_ADAPTERS) {
        gw_buf_printf(ret_error, "adapter without a name, or more than %d of them", MAX_ADAPTERS);
        return GW_INVALID;
    }
    void *self = NULL;
    if (a->init != NULL && a->init(&gw_adapter_host_ops, &self) != 0) {
        gw_buf_printf(ret_error, "adapter %s: its init() failed", a->name);
        return GW_INVALID;
    }
    s->adapter[s->adapters].published = a;
    s->adapter[s->adapters++].self = self;
    GW_TRY(add_reasons(s, a, ret_error));
    for (size_t i = 0; i < a->service_count; i++) {
        const struct gw_adapter_service *sv = &a->services[i];
        if (s->services == MAX_TARGETS) {
            gw_buf_printf(ret_error, "adapter %s: more than %d services in all", a->name,
                          MAX_TARGETS);
            return GW_TOO_LARGE;
        }
        s->service[s->services++] = sv->descriptor->name;
        for (size_t k = 0; k < sv->method_count; k++)
            GW_TRY(add_method(s, a, self, sv->descriptor, &sv->methods[k], ret_error));
    }
    return GW_OK;
}

size_t gw_adapter_target_count(const struct gw_adapter_set *s)
{
    return s->targets;
}

const struct gw_adapter_target *gw_adapter_target_at(const struct gw_adapter_set *s, size_t i)
{
    return s->target[i];
}

const char *const *gw_adapter_service_names(const struct gw_adapter_set *s)
{
    return s->service;
}
