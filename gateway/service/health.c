/* grpc.health.v1: is the gateway serving, as a whole ("") or a service of it. */
#include "adapter/adapter.h"
#include "grpc/health/v1/health.pb-c.h"
#include "service/service_internal.h"

#define STATUS(x) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##x

static bool known(const struct gw_service_ctx *x, const char *service)
{
    const char *const *names = x->views->service_names;
    if (service[0] == '\0')
        return true;
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], service) == 0)
            return true;
    return false;
}

static bool serves(const struct gw_service_ctx *x, const char *service)
{
    const struct gw_service_views *v = x->views;
    if (v->serving != NULL && !v->serving())
        return false;
    /* The gateway serves on while a method of an adapter is disabled; that service does not. */
    return v->adapters == NULL || service[0] == '\0' ||
           !gw_adapter_service_disabled(v->adapters, service);
}

static void send_status(const struct gw_service_ctx *x, const char *service)
{
    Grpc__Health__V1__HealthCheckResponse m = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    m.status = !known(x, service)   ? STATUS(SERVICE_UNKNOWN)
               : serves(x, service) ? STATUS(SERVING)
                                    : STATUS(NOT_SERVING);
    x->host->send(x->call, &m.base);
}

int32_t gw_service_health_check(void *self, struct gw_adapter_call *c, void *state,
                                const ProtobufCMessage *message, void *item)
{
    (void)state;
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    const Grpc__Health__V1__HealthCheckRequest *in =
        (const Grpc__Health__V1__HealthCheckRequest *)message;
    if (!known(&x, in->service))
        return gw_service_end(&x, "service-unknown");
    send_status(&x, in->service);
    return gw_service_end(&x, "ok");
}

/* The present status; then the stream stays open until its caller ends it. */
int32_t gw_service_health_watch(void *self, struct gw_adapter_call *c, void *state,
                                const ProtobufCMessage *message, void *item)
{
    (void)state;
    (void)item;
    struct gw_service_ctx x = gw_service_ctx_make(self, c);
    const Grpc__Health__V1__HealthCheckRequest *in =
        (const Grpc__Health__V1__HealthCheckRequest *)message;
    send_status(&x, in->service);
    return 0;
}
