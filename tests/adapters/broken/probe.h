/* A good adapter with one method, Probe/Ask, which answers what it was asked. Each file beside this
 * one takes it and breaks one thing; its name is the file's. */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "gw_adapter.h"
#include "probe.pb-c.h"

extern const unsigned char probe_fds[];
extern const size_t probe_fds_size;

#define PROBE_UNUSED __attribute__((unused))
#define PROBE_EXPORT __attribute__((visibility("default")))

PROBE_UNUSED static const struct gw_adapter_host *host;

PROBE_UNUSED static int32_t probe_init(const struct gw_adapter_host *h, void **ret_adapter)
{
    host = h;
    *ret_adapter = NULL;
    return 0;
}

PROBE_UNUSED static int32_t probe_ask(void *self, struct gw_adapter_call *c, void *state,
                                      const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)item;
    Xinqiao__Test__V1__Answer out = XINQIAO__TEST__V1__ANSWER__INIT;
    out.text = ((const Xinqiao__Test__V1__Question *)(const void *)message)->text;
    host->send(c, &out.base);
    host->finish(c, "ok");
    return 0;
}

PROBE_UNUSED static struct gw_adapter_method probe_methods[2] = {
    {.name = "Ask", .message = probe_ask, .flags = GW_METHOD_IDEMPOTENT},
};
PROBE_UNUSED static struct gw_adapter_service probe_services[1] = {
    {&xinqiao__test__v1__probe__descriptor, probe_methods, 1},
};

PROBE_UNUSED static struct gw_adapter probe_adapter(const char *name)
{
    return (struct gw_adapter){.abi_major = GW_ADAPTER_ABI_MAJOR,
                               .abi_minor = GW_ADAPTER_ABI_MINOR,
                               .struct_size = sizeof(struct gw_adapter),
                               .name = name,
                               .description = "for tests",
                               .services = probe_services,
                               .service_count = 1,
                               .descriptor_set = probe_fds,
                               .descriptor_set_size = probe_fds_size,
                               .init = probe_init};
}

/* The one exported function: a good adapter, after `change` to `a`. */
#define PROBE_ENTRY(name, ...)                                                                     \
    PROBE_EXPORT gw_adapter_entry_fn gw_adapter_entry;                                             \
    const struct gw_adapter *gw_adapter_entry(void)                                                \
    {                                                                                              \
        static struct gw_adapter a;                                                                \
        a = probe_adapter(name);                                                                   \
        __VA_ARGS__;                                                                               \
        return &a;                                                                                 \
    }

#endif
