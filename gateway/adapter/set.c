/* The set of adapters of the process: entered one by one, and the methods found by path. What is
 * refused of an adapter's tables stands in check.c, of its services' descriptions in descriptors.c;
 * load.c comes in front of this for those from files. */
#include "adapter/adapter.h"

#include <stdlib.h>
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/map.h"

enum { MAX_ADAPTERS = 64, MAX_TARGETS = 512, LOGGED_NAME = 64 /* SPEC.md 4.4 */ };

/* struct gw_adapter up to fini(): versions 1.0 and 1.1. */
enum { LEAST_SIZE = offsetof(struct gw_adapter, options) };

struct entered {
    struct gw_adapter_held held;
    struct gw_adapter copy;
    struct gw_adapter_target *whole;
    struct gw_reason *reasons;
    size_t first_target, first_service;
    bool started; /* init() has run */
};

struct gw_adapter_set {
    struct gw_arena *arena;
    struct gw_map *by_path, *by_name, *by_service; /* "Health": how grants name a service */
    struct gw_adapter_descriptors descriptors;
    struct gw_adapter_target *target[MAX_TARGETS];
    size_t targets;
    struct entered adapter[MAX_ADAPTERS];
    size_t adapters;
    void *library[MAX_ADAPTERS];
    size_t libraries;
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
    s->by_name = gw_map_new();
    s->by_service = gw_map_new();
    if (s->arena == NULL || s->by_path == NULL || s->by_name == NULL || s->by_service == NULL ||
        gw_adapter_descriptors_init(&s->descriptors, s->arena) != GW_OK) {
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
    for (size_t i = s->adapters; i-- > 0;) {
        struct entered *e = &s->adapter[i];
        if (e->started && e->copy.fini != NULL)
            e->copy.fini(e->held.self);
        gw_reason_remove(e->reasons, e->reasons != NULL ? e->copy.reason_count : 0);
    }
    for (size_t i = s->libraries; i-- > 0;)
        gw_adapter_library_close(s->library[i]);
    gw_adapter_descriptors_fini(&s->descriptors);
    gw_map_free(s->by_path);
    gw_map_free(s->by_name);
    gw_map_free(s->by_service);
    gw_arena_free(s->arena);
    free(s);
}

enum gw_status gw_adapter_set_keep(struct gw_adapter_set *s, void *library)
{
    if (s->libraries == MAX_ADAPTERS)
        return GW_TOO_LARGE;
    s->library[s->libraries++] = library;
    return GW_OK;
}

enum gw_status gw_adapter_set_describe(struct gw_adapter_set *s, struct gw_bytes own)
{
    return gw_adapter_descriptors_add(&s->descriptors, own);
}

static const ProtobufCMethodDescriptor *find_method(const ProtobufCServiceDescriptor *sd,
                                                    const char *name)
{
    for (unsigned i = 0; i < sd->n_methods; i++)
        if (strcmp(sd->methods[i].name, name) == 0)
            return &sd->methods[i];
    return NULL;
}

static enum gw_status check_method(const struct entered *e, const ProtobufCServiceDescriptor *sd,
                                   const struct gw_adapter_method *m, struct gw_buf *ret_error)
{
    const char *name = e->copy.name;
    if (m->message == NULL || m->streaming > GW_STREAM_BIDI || m->place > GW_PLACE_WORKER) {
        gw_buf_printf(ret_error,
                      "adapter %s: method %s/%s has no message() or an unknown kind or place", name,
                      sd->name, m->name);
        return GW_INVALID;
    }
    if (m->place == GW_PLACE_WRITER && (m->flags & GW_METHOD_EXEMPT) != 0) {
        gw_buf_printf(ret_error, "adapter %s: method %s/%s writes, so it can not be exempt", name,
                      sd->name, m->name);
        return GW_INVALID;
    }
    if (m->place == GW_PLACE_WORKER && m->streaming != GW_STREAM_UNARY) {
        gw_buf_printf(ret_error, "adapter %s: method %s/%s streams, and a worker's can not", name,
                      sd->name, m->name);
        return GW_INVALID;
    }
    if (e->held.file != NULL && (m->flags & GW_METHOD_EXEMPT) != 0) {
        gw_buf_printf(ret_error,
                      "adapter %s: method %s/%s is exempt from the exchange log, which only the "
                      "gateway's own may be",
                      name, sd->name, m->name);
        return GW_DENIED;
    }
    return GW_OK;
}

static enum gw_status add_method(struct gw_adapter_set *s, const struct entered *e,
                                 const ProtobufCServiceDescriptor *sd,
                                 const struct gw_adapter_method *m, struct gw_buf *ret_error)
{
    const char *adapter = e->copy.name;
    const ProtobufCMethodDescriptor *md = m->name != NULL ? find_method(sd, m->name) : NULL;
    if (md == NULL) {
        gw_buf_printf(ret_error,
                      "adapter %s: its service %s has no method %s; rebuild it with its .proto",
                      adapter, sd->name, m->name != NULL ? m->name : "without a name");
        return GW_INVALID;
    }
    GW_TRY(check_method(e, sd, m, ret_error));
    if (s->targets == MAX_TARGETS) {
        gw_buf_printf(ret_error, "adapter %s: more than %d methods in all", adapter, MAX_TARGETS);
        return GW_TOO_LARGE;
    }
    struct gw_adapter_target *t = gw_arena_new_of(s->arena, struct gw_adapter_target);
    const char *last = strrchr(sd->name, '.');
    if (t == NULL)
        return GW_NOMEM;
    t->published = &e->copy;
    t->method = m;
    t->input = md->input;
    t->output = md->output;
    t->path = gw_arena_printf(s->arena, "/%s/%s", sd->name, m->name);
    t->name = gw_arena_printf(s->arena, "%s/%s", last != NULL ? last + 1 : sd->name, m->name);
    t->index = s->adapters - 1;
    t->loaded = e->held.file != NULL;
    t->health = gw_arena_new_of(s->arena, struct gw_adapter_health);
    if (gw_arena_failed(s->arena))
        return GW_NOMEM;
    if (strlen(t->name) > LOGGED_NAME) {
        gw_buf_printf(ret_error, "adapter %s: method %s is longer than the %d bytes of a log entry",
                      adapter, t->name, LOGGED_NAME);
        return GW_TOO_LARGE;
    }
    if (gw_map_add(s->by_path, gw_bytes_str(t->path), t) != GW_OK) {
        gw_buf_printf(ret_error, "adapter %s: method %s is published twice", adapter, t->path);
        return GW_EXISTS;
    }
    s->target[s->targets++] = t;
    return GW_OK;
}

/* How grants and entries name a service: without its package. */
static struct gw_bytes word_of(const char *service)
{
    const char *last = strrchr(service, '.');
    return gw_bytes_str(last != NULL ? last + 1 : service);
}

/* That word is one adapter's only. */
static enum gw_status add_service(struct gw_adapter_set *s, struct entered *e,
                                  const struct gw_adapter_service *sv, struct gw_buf *ret_error)
{
    const char *adapter = e->copy.name;
    if (sv->descriptor == NULL || sv->descriptor->magic != PROTOBUF_C__SERVICE_DESCRIPTOR_MAGIC) {
        gw_buf_printf(ret_error, "adapter %s: a service without its descriptor", adapter);
        return GW_INVALID;
    }
    if (s->services == MAX_TARGETS) {
        gw_buf_printf(ret_error, "adapter %s: more than %d services in all", adapter, MAX_TARGETS);
        return GW_TOO_LARGE;
    }
    struct gw_bytes word = word_of(sv->descriptor->name);
    const struct entered *other = gw_map_get(s->by_service, word);
    for (size_t k = 0; k < sv->method_count; k++)
        GW_TRY(add_method(s, e, sv->descriptor, &sv->methods[k], ret_error));
    if (other != NULL) {
        gw_buf_printf(ret_error,
                      "adapter %s: adapter %s has a service %.*s already, and grants know it by "
                      "that word: give yours another",
                      adapter, other->copy.name, GW_BYTES_FMT(word));
        return GW_EXISTS;
    }
    GW_TRY(gw_map_add(s->by_service, word, e));
    s->service[s->services++] = sv->descriptor->name;
    return GW_OK;
}

static enum gw_status add_reasons(struct gw_adapter_set *s, struct entered *e,
                                  struct gw_buf *ret_error)
{
    const struct gw_adapter *a = &e->copy;
    if (a->reason_count == 0)
        return GW_OK;
    struct gw_reason *rows = gw_arena_calloc(s->arena, a->reason_count, sizeof(*rows));
    if (rows == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < a->reason_count; i++) {
        const struct gw_adapter_reason *r = &a->reasons[i];
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
    e->reasons = rows;
    return GW_OK;
}

/* These three fields are the same in all versions; nothing else is read before they are good. */
static enum gw_status check_version(const struct gw_adapter *a, struct gw_buf *ret_error)
{
    if (a->abi_major != GW_ADAPTER_ABI_MAJOR || a->abi_minor > GW_ADAPTER_ABI_MINOR) {
        gw_buf_printf(
            ret_error,
            "adapter speaks ABI %u.%u, this gateway %u.%u: rebuild it with our gw_adapter.h",
            a->abi_major, a->abi_minor, GW_ADAPTER_ABI_MAJOR, GW_ADAPTER_ABI_MINOR);
        return GW_UNSUPPORTED;
    }
    size_t needed = a->abi_minor < 2 ? LEAST_SIZE : sizeof(*a);
    if (a->struct_size < needed) {
        gw_buf_printf(ret_error,
                      "adapter's description is %zu bytes, ABI %u.%u needs %zu: rebuild it with "
                      "our gw_adapter.h",
                      a->struct_size, a->abi_major, a->abi_minor, needed);
        return GW_UNSUPPORTED;
    }
    return GW_OK;
}

static enum gw_status enter_rest(struct gw_adapter_set *s, struct entered *e,
                                 struct gw_buf *ret_error)
{
    GW_TRY(add_reasons(s, e, ret_error));
    for (size_t i = 0; i < e->copy.service_count; i++)
        GW_TRY(add_service(s, e, &e->copy.services[i], ret_error));
    return e->copy.descriptor_set != NULL
               ? gw_adapter_descriptors_check(&s->descriptors, &e->copy, ret_error)
               : GW_OK;
}

void gw_adapter_set_leave(struct gw_adapter_set *s)
{
    struct entered *e = &s->adapter[--s->adapters];
    while (s->targets > e->first_target)
        (void)gw_map_remove(s->by_path, gw_bytes_str(s->target[--s->targets]->path));
    while (s->services > e->first_service) {
        const char **name = &s->service[--s->services];
        (void)gw_map_remove(s->by_service, word_of(*name));
        *name = NULL;
    }
    gw_reason_remove(e->reasons, e->reasons != NULL ? e->copy.reason_count : 0);
    (void)gw_map_remove(s->by_name, gw_bytes_str(e->copy.name));
}

static struct gw_adapter_target *whole_of(struct gw_adapter_set *s, const struct entered *e)
{
    struct gw_adapter_target *t = gw_arena_new_of(s->arena, struct gw_adapter_target);
    struct gw_adapter_health *h = gw_arena_new_of(s->arena, struct gw_adapter_health);
    if (t == NULL || h == NULL)
        return NULL;
    t->published = &e->copy;
    t->path = "";
    t->name = e->copy.name;
    t->index = s->adapters;
    t->loaded = e->held.file != NULL;
    t->health = h;
    return t;
}

enum gw_status gw_adapter_set_enter(struct gw_adapter_set *s, const struct gw_adapter *a,
                                    const char *file, const struct gw_hash *digest,
                                    struct gw_buf *ret_error)
{
    GW_TRY(check_version(a, ret_error));
    if (s->adapters == MAX_ADAPTERS) {
        gw_buf_printf(ret_error, "more than %d adapters", MAX_ADAPTERS);
        return GW_TOO_LARGE;
    }
    struct entered *e = &s->adapter[s->adapters];
    size_t size = a->struct_size < sizeof(*a) ? a->struct_size : sizeof(*a);
    memset(e, 0, sizeof(*e));
    memcpy(&e->copy, a, a->abi_minor < 2 ? LEAST_SIZE : size);
    GW_TRY(gw_adapter_check_tables(&e->copy, file != NULL, ret_error));
    e->held.published = &e->copy;
    if (file != NULL && (e->held.file = gw_arena_strdup(s->arena, file)) == NULL)
        return GW_NOMEM;
    if (digest != NULL)
        e->held.digest = *digest;
    if ((e->whole = whole_of(s, e)) == NULL)
        return GW_NOMEM;
    e->held.whole = e->whole;
    if (gw_map_add(s->by_name, gw_bytes_str(e->copy.name), e) != GW_OK) {
        gw_buf_printf(ret_error, "adapter %s: there is one of that name already", e->copy.name);
        return GW_EXISTS;
    }
    e->first_target = s->targets;
    e->first_service = s->services;
    s->adapters++;
    enum gw_status st = enter_rest(s, e, ret_error);
    if (st != GW_OK)
        gw_adapter_set_leave(s);
    return st;
}

enum gw_status gw_adapter_set_start(struct gw_adapter_set *s, struct gw_buf *ret_error)
{
    struct entered *e = &s->adapter[s->adapters - 1];
    if (e->copy.init != NULL && e->copy.init(&gw_adapter_host_ops, &e->held.self) != 0) {
        gw_buf_printf(ret_error, "adapter %s: its init() failed", e->copy.name);
        gw_adapter_set_leave(s);
        return GW_INVALID;
    }
    e->started = true;
    e->whole->adapter = e->held.self;
    for (size_t i = e->first_target; i < s->targets; i++)
        s->target[i]->adapter = e->held.self;
    return gw_adapter_descriptors_add(
        &s->descriptors, gw_bytes_make(e->copy.descriptor_set, e->copy.descriptor_set_size));
}

enum gw_status gw_adapter_set_add(struct gw_adapter_set *s, const struct gw_adapter *a,
                                  struct gw_buf *ret_error)
{
    GW_TRY(gw_adapter_set_enter(s, a, NULL, NULL, ret_error));
    return gw_adapter_set_start(s, ret_error);
}

size_t gw_adapter_set_count(const struct gw_adapter_set *s)
{
    return s->adapters;
}

const struct gw_adapter_held *gw_adapter_set_at(const struct gw_adapter_set *s, size_t i)
{
    return &s->adapter[i].held;
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

struct gw_bytes gw_adapter_descriptor_set(const struct gw_adapter_set *s)
{
    return gw_buf_view(&s->descriptors.set);
}
