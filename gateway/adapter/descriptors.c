/* One FileDescriptorSet of all services: for reflection, and to hold what an adapter's rows say
 * against what its callers are told. */
#include <string.h>

#include "adapter/adapter_internal.h"
#include "base/cursor.h"
#include "base/map.h"
#include "google/protobuf/descriptor.pb-c.h"

enum { MAX_SET = 16 << 20 };

typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__ServiceDescriptorProto service_proto;
typedef Google__Protobuf__MethodDescriptorProto method_proto;

enum gw_status gw_adapter_descriptors_init(struct gw_adapter_descriptors *d, struct gw_arena *arena)
{
    gw_buf_init(&d->set, MAX_SET);
    d->arena = arena;
    d->files = gw_map_new();
    return d->files != NULL ? GW_OK : GW_NOMEM;
}

void gw_adapter_descriptors_fini(struct gw_adapter_descriptors *d)
{
    gw_map_free(d->files);
    gw_buf_fini(&d->set);
}

/* The next file of a set; with the bytes of its field. NULL at the end (*ret_status GW_OK) or where
 * it is malformed. The caller frees it. */
static file_proto *next_file(struct gw_cursor *in, struct gw_bytes *ret_field,
                             enum gw_status *ret_status)
{
    const uint8_t *start = in->ptr;
    uint64_t tag, len;
    struct gw_bytes bytes;
    *ret_status = GW_OK;
    if (gw_cursor_left(in) == 0)
        return NULL;
    *ret_status = GW_INVALID;
    /* FileDescriptorSet: field 1, length-delimited, repeated. */
    if (gw_cursor_varint(in, &tag) != GW_OK || tag != (1u << 3 | 2u) ||
        gw_cursor_varint(in, &len) != GW_OK || gw_cursor_take(in, len, &bytes) != GW_OK)
        return NULL;
    file_proto *f = google__protobuf__file_descriptor_proto__unpack(NULL, bytes.len, bytes.ptr);
    if (f != NULL && f->name == NULL) {
        google__protobuf__file_descriptor_proto__free_unpacked(f, NULL);
        return NULL;
    }
    if (f == NULL)
        return NULL;
    *ret_field = gw_bytes_make(start, (size_t)(in->ptr - start));
    *ret_status = GW_OK;
    return f;
}

enum gw_status gw_adapter_descriptors_add(struct gw_adapter_descriptors *d, struct gw_bytes set)
{
    struct gw_cursor in = gw_cursor_make(set);
    struct gw_bytes field;
    enum gw_status st;
    file_proto *f;
    while ((f = next_file(&in, &field, &st)) != NULL) {
        struct gw_bytes name = gw_arena_dup(d->arena, gw_bytes_str(f->name));
        google__protobuf__file_descriptor_proto__free_unpacked(f, NULL);
        if (name.ptr == NULL)
            return GW_NOMEM;
        enum gw_status added = gw_map_add(d->files, name, d);
        if (added == GW_NOMEM)
            return GW_NOMEM;
        if (added == GW_OK)
            gw_buf_bytes(&d->set, field);
    }
    return st != GW_OK ? st : gw_buf_failed(&d->set);
}

/* Is `name` the service `s` of package `package`? */
static bool is_service(const char *name, const char *package, const service_proto *s)
{
    size_t len = package != NULL ? strlen(package) : 0;
    if (s->name == NULL)
        return false;
    if (len == 0)
        return strcmp(name, s->name) == 0;
    return strncmp(name, package, len) == 0 && name[len] == '.' &&
           strcmp(name + len + 1, s->name) == 0;
}

static const method_proto *find_method(const service_proto *s, const char *name)
{
    for (size_t i = 0; i < s->n_method; i++)
        if (s->method[i]->name != NULL && strcmp(s->method[i]->name, name) == 0)
            return s->method[i];
    return NULL;
}

static uint32_t streaming_of(const method_proto *m)
{
    return (m->client_streaming ? GW_STREAM_CLIENT : 0u) |
           (m->server_streaming ? GW_STREAM_SERVER : 0u);
}

static enum gw_status check_rows(const struct gw_adapter *a, const struct gw_adapter_service *sv,
                                 const service_proto *s, struct gw_buf *ret_error)
{
    static const char *const words[] = {"unary", "client streaming", "server streaming",
                                        "bidirectional"};
    _Static_assert(GW_STREAM_BIDI == (GW_STREAM_CLIENT | GW_STREAM_SERVER), "used as bits");
    for (size_t i = 0; i < sv->method_count; i++) {
        const struct gw_adapter_method *row = &sv->methods[i];
        const method_proto *m = find_method(s, row->name);
        if (m == NULL) {
            gw_buf_printf(ret_error,
                          "adapter %s: its descriptor set has no method %s/%s: make both from one "
                          ".proto",
                          a->name, sv->descriptor->name, row->name);
            return GW_INVALID;
        }
        if (streaming_of(m) == row->streaming)
            continue;
        gw_buf_printf(ret_error, "adapter %s: method %s/%s is %s in its .proto and %s in its row",
                      a->name, sv->descriptor->name, row->name, words[streaming_of(m)],
                      words[row->streaming]);
        return GW_INVALID;
    }
    return GW_OK;
}

static enum gw_status check_file(const struct gw_adapter_descriptors *d, const struct gw_adapter *a,
                                 const struct gw_adapter_service *sv, const file_proto *f,
                                 bool *ret_found, struct gw_buf *ret_error)
{
    for (size_t i = 0; i < f->n_service; i++) {
        if (!is_service(sv->descriptor->name, f->package, f->service[i]))
            continue;
        if (gw_map_get(d->files, gw_bytes_str(f->name)) != NULL) {
            gw_buf_printf(ret_error,
                          "adapter %s: a file %s is described already, by the gateway or another "
                          "adapter: give the .proto of %s another name",
                          a->name, f->name, sv->descriptor->name);
            return GW_EXISTS;
        }
        *ret_found = true;
        return check_rows(a, sv, f->service[i], ret_error);
    }
    return GW_OK;
}

static enum gw_status check_service(const struct gw_adapter_descriptors *d,
                                    const struct gw_adapter *a, const struct gw_adapter_service *sv,
                                    struct gw_buf *ret_error)
{
    struct gw_cursor in = gw_cursor_make(gw_bytes_make(a->descriptor_set, a->descriptor_set_size));
    struct gw_bytes field;
    enum gw_status st;
    bool found = false;
    file_proto *f;
    while ((f = next_file(&in, &field, &st)) != NULL) {
        st = check_file(d, a, sv, f, &found, ret_error);
        google__protobuf__file_descriptor_proto__free_unpacked(f, NULL);
        if (st != GW_OK)
            return st;
    }
    if (st != GW_OK) {
        gw_buf_printf(ret_error, "adapter %s: its descriptor set is no FileDescriptorSet", a->name);
        return st;
    }
    if (!found) {
        gw_buf_printf(ret_error,
                      "adapter %s: service %s is not in its descriptor set: make both from one "
                      ".proto",
                      a->name, sv->descriptor->name);
        return GW_INVALID;
    }
    return GW_OK;
}

enum gw_status gw_adapter_descriptors_check(const struct gw_adapter_descriptors *d,
                                            const struct gw_adapter *a, struct gw_buf *ret_error)
{
    for (size_t i = 0; i < a->service_count; i++)
        GW_TRY(check_service(d, a, &a->services[i], ret_error));
    return GW_OK;
}
