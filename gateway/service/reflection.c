/* grpc.reflection.v1: the contract for tools. Files are handed out as they lie in the descriptor
 * set; their symbols are indexed once, at the first question. */
#include <pthread.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/map.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "service/service_internal.h"

/* Unpacked, with all names: some fifty times what is packed. */
enum { INDEX_BYTES = 8 * 1024 * 1024, INDEX_FACTOR = 128, NOT_FOUND = 5, UNIMPLEMENTED = 12 };

/* File names and symbols to the bytes of their FileDescriptorProto. The set is a constant of the
 * process, so its index is one too. */
static struct {
    pthread_once_t once;
    struct gw_arena *arena;
    struct gw_map *files, *symbols;
} idx = {.once = PTHREAD_ONCE_INIT};

/* Whose set the index is built from: that of the call which is the first to ask. */
static _Thread_local const struct gw_service_views *asking;

static void add(struct gw_map *m, const char *name, const struct gw_bytes *file)
{
    /* The first file that names it stays. */
    enum gw_status st = gw_map_add(m, gw_bytes_str(name), (void *)(uintptr_t)file);
    (void)GW_BUG_ON(st != GW_OK && st != GW_EXISTS);
}

static const char *join(const char *scope, const char *name)
{
    if (name == NULL) /* an adapter's set may be odd */
        return "";
    const char *s = scope[0] != '\0' ? gw_arena_printf(idx.arena, "%s.%s", scope, name)
                                     : gw_arena_strdup(idx.arena, name);
    return s != NULL ? s : "";
}

static void add_message(const Google__Protobuf__DescriptorProto *d, const char *scope,
                        const struct gw_bytes *file)
{
    const char *name = join(scope, d->name);
    add(idx.symbols, name, file);
    for (size_t i = 0; i < d->n_field; i++)
        add(idx.symbols, join(name, d->field[i]->name), file);
    for (size_t i = 0; i < d->n_enum_type; i++)
        add(idx.symbols, join(name, d->enum_type[i]->name), file);
    for (size_t i = 0; i < d->n_nested_type; i++)
        add_message(d->nested_type[i], name, file);
}

static void add_service(const Google__Protobuf__ServiceDescriptorProto *d, const char *scope,
                        const struct gw_bytes *file)
{
    const char *name = join(scope, d->name);
    add(idx.symbols, name, file);
    for (size_t i = 0; i < d->n_method; i++)
        add(idx.symbols, join(name, d->method[i]->name), file);
}

static void add_file(struct gw_bytes bytes)
{
    ProtobufCAllocator alloc;
    gw_canon_allocator(idx.arena, &alloc);
    Google__Protobuf__FileDescriptorProto *d =
        google__protobuf__file_descriptor_proto__unpack(&alloc, bytes.len, bytes.ptr);
    struct gw_bytes *file = gw_arena_new_of(idx.arena, struct gw_bytes);
    if (d == NULL || file == NULL || d->name == NULL)
        return;
    *file = bytes;
    const char *package = d->package != NULL ? d->package : "";
    add(idx.files, d->name, file);
    for (size_t i = 0; i < d->n_message_type; i++)
        add_message(d->message_type[i], package, file);
    for (size_t i = 0; i < d->n_enum_type; i++)
        add(idx.symbols, join(package, d->enum_type[i]->name), file);
    for (size_t i = 0; i < d->n_service; i++)
        add_service(d->service[i], package, file);
}

/* FileDescriptorSet: field 1, length-delimited, repeated. */
static void build(void)
{
    idx.arena =
        gw_arena_new("reflection", INDEX_BYTES + INDEX_FACTOR * asking->descriptor_set_size);
    idx.files = gw_map_new();
    idx.symbols = gw_map_new();
    if (idx.arena == NULL || idx.files == NULL || idx.symbols == NULL)
        return;
    struct gw_cursor in =
        gw_cursor_make(gw_bytes_make(asking->descriptor_set, asking->descriptor_set_size));
    uint64_t tag, len;
    struct gw_bytes file;
    while (gw_cursor_left(&in) > 0 && gw_cursor_varint(&in, &tag) == GW_OK &&
           tag == (1u << 3 | 2u) && gw_cursor_varint(&in, &len) == GW_OK &&
           gw_cursor_take(&in, len, &file) == GW_OK)
        add_file(file);
    (void)GW_BUG_ON(gw_cursor_left(&in) > 0 || gw_arena_failed(idx.arena));
}

/* An answer and what it may hold. */
struct reply {
    Grpc__Reflection__V1__ServerReflectionResponse m;
    Grpc__Reflection__V1__ErrorResponse error;
    Grpc__Reflection__V1__FileDescriptorResponse files;
    Grpc__Reflection__V1__ListServiceResponse services;
    ProtobufCBinaryData file;
};

#define ASKED(x)    GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##x
#define ANSWERED(x) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##x

static void fail(struct reply *r, int32_t code, const char *text)
{
    grpc__reflection__v1__error_response__init(&r->error);
    r->error.error_code = code;
    r->error.error_message = gw_service_str(text);
    r->m.message_response_case = ANSWERED(ERROR_RESPONSE);
    r->m.error_response = &r->error;
}

static void find(struct reply *r, const struct gw_map *m, const char *name)
{
    const struct gw_bytes *file = m != NULL ? gw_map_get(m, gw_bytes_str(name)) : NULL;
    if (file == NULL) {
        fail(r, NOT_FOUND, "no file of that name, or with that symbol");
        return;
    }
    grpc__reflection__v1__file_descriptor_response__init(&r->files);
    r->file = gw_service_binary(*file);
    r->files.file_descriptor_proto = &r->file;
    r->files.n_file_descriptor_proto = 1;
    r->m.message_response_case = ANSWERED(FILE_DESCRIPTOR_RESPONSE);
    r->m.file_descriptor_response = &r->files;
}

static void list_services(const struct gw_service_ctx *x, struct reply *r)
{
    const char *const *names = x->views->service_names;
    size_t n = 0;
    while (names != NULL && names[n] != NULL)
        n++;
    Grpc__Reflection__V1__ServiceResponse *s = gw_arena_calloc(x->arena, n, sizeof(*s));
    Grpc__Reflection__V1__ServiceResponse **list =
        gw_arena_calloc(x->arena, n, sizeof(Grpc__Reflection__V1__ServiceResponse *));
    if (s == NULL || list == NULL)
        return; /* the arena has failed, and the host sees it */
    for (size_t i = 0; i < n; i++) {
        grpc__reflection__v1__service_response__init(&s[i]);
        s[i].name = gw_service_str(names[i]);
        list[i] = &s[i];
    }
    grpc__reflection__v1__list_service_response__init(&r->services);
    r->services.service = list;
    r->services.n_service = n;
    r->m.message_response_case = ANSWERED(LIST_SERVICES_RESPONSE);
    r->m.list_services_response = &r->services;
}

int32_t gw_service_reflection(void *self, struct gw_adapter_call *c, void *state,
                              const ProtobufCMessage *message, void *item)
{
    (void)state;
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    Grpc__Reflection__V1__ServerReflectionRequest *in =
        (Grpc__Reflection__V1__ServerReflectionRequest *)(uintptr_t)message;
    struct reply r;
    asking = x.views;
    pthread_once(&idx.once, build);

    grpc__reflection__v1__server_reflection_response__init(&r.m);
    r.m.valid_host = in->host;
    r.m.original_request = in;
    switch ((int)in->message_request_case) {
    case ASKED(LIST_SERVICES):
        list_services(&x, &r);
        break;
    case ASKED(FILE_BY_FILENAME):
        find(&r, idx.files, in->file_by_filename);
        break;
    case ASKED(FILE_CONTAINING_SYMBOL):
        find(&r, idx.symbols, in->file_containing_symbol);
        break;
    case ASKED(FILE_CONTAINING_EXTENSION):
    case ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE):
        fail(&r, NOT_FOUND, "the contract has no extensions");
        break;
    default:
        fail(&r, UNIMPLEMENTED, "unknown question");
    }
    x.host->send(c, &r.m.base);
    return 0;
}
