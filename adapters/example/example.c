/* The smallest useful adapter: Areas/Find answers the name behind an area code. adapters/README.md
 * builds this very file outside the gateway's tree, and explains it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "areas.pb-c.h"
#include "gw_adapter.h"

/* The descriptor set, as protoc-c wrote it: for reflection. */
__asm__(".pushsection .rodata\n"
        ".globl example_fds\n.hidden example_fds\n"
        "example_fds: .incbin \"areas.fds\"\n"
        ".globl example_fds_end\n.hidden example_fds_end\n"
        "example_fds_end: .byte 0\n"
        ".popsection\n");
extern const uint8_t example_fds[], example_fds_end[];

static const struct gw_adapter_host *host;

/* GB/T 2260: province, city and county of Shaoxing. */
static const struct area {
    const char *code, *name;
} areas[] = {
    {"330000", "浙江省"}, {"330600", "绍兴市"}, {"330602", "越城区"}, {"330603", "柯桥区"},
    {"330604", "上虞区"}, {"330624", "新昌县"}, {"330681", "诸暨市"}, {"330683", "嵊州市"},
};

static const struct area *find(const char *code)
{
    for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++)
        if (strcmp(areas[i].code, code) == 0)
            return &areas[i];
    return NULL;
}

/* The areas above a code have zeros where it has digits. */
static const char *above(const char *code, size_t digits)
{
    char upper[7] = "000000";
    memcpy(upper, code, digits);
    const struct area *a = strcmp(upper, code) != 0 ? find(upper) : NULL;
    return a != NULL ? a->name : "";
}

/* What a configuration says; made for each one, so that a call keeps the one it began with. */
struct settings {
    int64_t whole_path;
};

static int32_t areas_find(void *self, struct gw_adapter_call *c, void *state,
                          const ProtobufCMessage *message, void *item)
{
    (void)self, (void)state, (void)item;
    const Xinqiao__Example__V1__FindRequest *in = (const void *)message;
    const struct settings *s = host->generation(c);
    Xinqiao__Example__V1__FindAnswer out = XINQIAO__EXAMPLE__V1__FIND_ANSWER__INIT;
    const struct area *a = find(in->code);
    if (a == NULL) {
        host->violation(c, "code", "example-area-unknown");
        host->finish(c, "example-area-unknown");
        return 0;
    }
    char name[256];
    snprintf(name, sizeof(name), "%s%s%s", s->whole_path ? above(a->code, 2) : "",
             s->whole_path ? above(a->code, 4) : "", a->name);
    out.code = in->code;
    out.name = name;
    host->send(c, &out.base);
    host->finish(c, "ok");
    return 0;
}

static int32_t init(const struct gw_adapter_host *h, void **ret_adapter)
{
    host = h;
    *ret_adapter = NULL; /* this adapter has nothing that outlives a configuration */
    return 0;
}

static int32_t prepare(void *self, const struct gw_adapter_config *g, void **ret_state)
{
    (void)self;
    struct settings *s = malloc(sizeof(*s));
    if (s == NULL)
        return -1;
    s->whole_path = host->option_number(g, "whole_path");
    *ret_state = s;
    return 0;
}

static void drop(void *self, void *state)
{
    (void)self;
    free(state);
}

static const struct gw_adapter_option options[] = {
    {.name = "whole_path",
     .type = GW_OPTION_FLAG,
     .default_text = "false",
     .doc = "Answers with the province and city before the name."},
};
static const struct gw_adapter_reason reasons[] = {
    {.code = "example-area-unknown",
     .grpc = 5, /* NOT_FOUND */
     .zh = "没有这个行政区划代码（{field}）",
     .en = "there is no such area code ({field})"},
};
static const struct gw_adapter_method methods[] = {
    {.name = "Find",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = areas_find},
};
static const struct gw_adapter_service services[] = {
    {&xinqiao__example__v1__areas__descriptor, methods, 1},
};
static struct gw_adapter adapter = {
    .abi_major = GW_ADAPTER_ABI_MAJOR,
    .abi_minor = GW_ADAPTER_ABI_MINOR,
    .struct_size = sizeof(adapter),
    .name = "example",
    .description = "names of areas",
    .services = services,
    .service_count = 1,
    .descriptor_set = example_fds,
    .reasons = reasons,
    .reason_count = 1,
    .init = init,
    .options = options,
    .option_count = 1,
    .prepare = prepare,
    .abort = drop,
    .release = drop,
};

__attribute__((visibility("default"))) gw_adapter_entry_fn gw_adapter_entry;
const struct gw_adapter *gw_adapter_entry(void)
{
    adapter.descriptor_set_size = (size_t)(example_fds_end - example_fds);
    return &adapter;
}
