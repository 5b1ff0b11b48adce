/* What the gateway itself publishes: four adapters, described by the same structs as any other. */
#include "service/service.h"

#include <stdlib.h>

#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "service/service_internal.h"

struct gw_service_ctx gw_service_ctx_make(void *self, struct gw_adapter_call *c)
{
    const struct gw_service_self *s = self;
    GW_MAGIC_CHECK(s, GW_SERVICE_MAGIC);
    return (struct gw_service_ctx){
        .host = s->host,
        .call = c,
        .views = s->host->lend(c, GW_LEND_VIEWS),
        .caller = s->host->lend(c, GW_LEND_CALLER),
        .arena = (struct gw_arena *)(uintptr_t)s->host->lend(c, GW_LEND_ARENA),
        .now_us = s->host->now_us(c),
    };
}

int32_t gw_service_end(const struct gw_service_ctx *x, const char *reason)
{
    x->host->finish(x->call, reason);
    return 0;
}

int32_t gw_service_end_with(const struct gw_service_ctx *x, const char *reason, const char *name,
                            const char *value)
{
    x->host->parameter(x->call, name, value);
    return gw_service_end(x, reason);
}

int32_t gw_service_end_store(const struct gw_service_ctx *x, enum gw_status st)
{
    switch ((int)st) {
    case GW_NOSPACE:
        return gw_service_end(x, "disk-low");
    case GW_NOMEM:
        return gw_service_end(x, "message-too-large");
    case GW_IO:
    case GW_BUSY:
    case GW_UNAVAILABLE:
        return gw_service_end(x, "store-unavailable");
    default:
        x->host->log(x->call, GW_ADAPTER_LOG_ERROR, gw_status_text(st));
        return -1;
    }
}

int32_t gw_service_finish_ok(void *self, struct gw_adapter_call *c, void *state)
{
    (void)state;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    return gw_service_end(&x, "ok");
}

void gw_service_free_state(void *self, struct gw_adapter_call *c, void *state)
{
    (void)self;
    (void)c;
    free(state);
}

static int32_t init(const struct gw_adapter_host *host, void **ret_adapter)
{
    struct gw_service_self *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -1;
    s->magic = GW_SERVICE_MAGIC;
    s->host = host;
    *ret_adapter = s;
    return 0;
}

static void fini(void *adapter)
{
    free(adapter);
}

static const struct gw_adapter_method record_methods[] = {
    {.name = "Push",
     .streaming = GW_STREAM_BIDI,
     .place = GW_PLACE_WRITER,
     .flags = GW_METHOD_IDEMPOTENT,
     .open = gw_service_push_open,
     .prepare = gw_service_push_prepare,
     .message = gw_service_push_item,
     .half_close = gw_service_finish_ok,
     .close = gw_service_free_state},
    {.name = "Pull",
     .streaming = GW_STREAM_SERVER,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .open = gw_service_pull_open,
     .message = gw_service_pull,
     .writable = gw_service_pull_writable,
     .close = gw_service_pull_close},
    {.name = "OpenBatch",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_WRITER,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = gw_service_open_batch},
    {.name = "CloseBatch",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_WRITER,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = gw_service_close_batch},
    {.name = "BatchStatus",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = gw_service_batch_status},
    {.name = "Translate",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = gw_service_translate},
    {.name = "ListFormats",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = gw_service_list_formats},
};

static const struct gw_adapter_method operations_methods[] = {
    {.name = "Status",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT | GW_METHOD_WHEN_LOW,
     .message = gw_service_status},
};

static const struct gw_adapter_method health_methods[] = {
    {.name = "Check",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT | GW_METHOD_EXEMPT,
     .message = gw_service_health_check},
    {.name = "Watch",
     .streaming = GW_STREAM_SERVER,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_EXEMPT,
     .message = gw_service_health_watch},
};

static const struct gw_adapter_method reflection_methods[] = {
    {.name = "ServerReflectionInfo",
     .streaming = GW_STREAM_BIDI,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_EXEMPT,
     .message = gw_service_reflection,
     .half_close = gw_service_finish_ok},
};

static const struct gw_adapter_service services[] = {
    {&xinqiao__v1__record_exchange__descriptor, record_methods, GW_ARRAY_LEN(record_methods)},
    {&xinqiao__v1__operations__descriptor, operations_methods, GW_ARRAY_LEN(operations_methods)},
    {&grpc__health__v1__health__descriptor, health_methods, GW_ARRAY_LEN(health_methods)},
    {&grpc__reflection__v1__server_reflection__descriptor, reflection_methods,
     GW_ARRAY_LEN(reflection_methods)},
};

#define ADAPTER(short_name, text, service)                                                         \
    {                                                                                              \
        .abi_major = GW_ADAPTER_ABI_MAJOR, .abi_minor = GW_ADAPTER_ABI_MINOR,                      \
        .struct_size = sizeof(struct gw_adapter), .name = (short_name), .description = (text),     \
        .services = (service), .service_count = 1, .init = init, .fini = fini                      \
    }

static const struct gw_adapter adapters[] = {
    ADAPTER("record", "records pushed, pulled and translated", &services[0]),
    ADAPTER("operations", "what an operator must know", &services[1]),
    ADAPTER("health", "is the gateway serving", &services[2]),
    ADAPTER("reflection", "the contract, for tools", &services[3]),
};

const struct gw_adapter *const *gw_service_builtin(void)
{
    static const struct gw_adapter *const list[] = {&adapters[0], &adapters[1], &adapters[2],
                                                    &adapters[3], NULL};
    return list;
}
