/* Sanction and reward lists (proto/xinqiao/v1/lists.proto): what this adapter publishes to the
 * host. Read publish.c, then pull.c. */
#include <stdlib.h>

#include "sanction_list.h"

const struct gw_adapter_host *sl_host;

extern const uint8_t lists_fds[];
extern const size_t lists_fds_size;

static const struct sl_settings defaults = {5, 20, 0, 50000, 1000, 64, 8, 24};

const struct sl_settings *sl_settings_of(struct gw_adapter_call *c)
{
    const struct sl_settings *s = sl_host->generation(c);
    return s != NULL ? s : &defaults;
}

static int32_t init(const struct gw_adapter_host *host, void **ret_adapter)
{
    sl_host = host;
    *ret_adapter = NULL;
    return 0;
}

static int32_t prepare(void *self, const struct gw_adapter_config *g, void **ret_state)
{
    (void)self;
    struct sl_settings *s = malloc(sizeof(*s));
    if (s == NULL)
        return -1;
    s->hold_removes_percent = sl_host->option_number(g, "hold_removes_percent");
    s->hold_adds_percent = sl_host->option_number(g, "hold_adds_percent");
    s->hold_floor = sl_host->option_number(g, "hold_floor");
    s->max_entries = sl_host->option_number(g, "max_entries");
    s->expire_per_tick = sl_host->option_number(g, "expire_per_tick");
    s->max_measures = sl_host->option_number(g, "max_measures");
    s->max_open = sl_host->option_number(g, "max_open");
    s->open_hours = sl_host->option_number(g, "open_hours");
    *ret_state = s;
    return 0;
}

static void drop(void *self, void *state)
{
    (void)self;
    free(state);
}

static const struct gw_adapter_option options[] = {
    {.name = "hold_removes_percent",
     .type = GW_OPTION_NUMBER,
     .default_text = "5",
     .max = 100,
     .doc = "A version that removes more of the source's live entries than this is held."},
    {.name = "hold_adds_percent",
     .type = GW_OPTION_NUMBER,
     .default_text = "20",
     .max = 100000,
     .doc = "A version that adds more to the source's live entries than this is held."},
    {.name = "hold_floor",
     .type = GW_OPTION_NUMBER,
     .default_text = "0",
     .max = 1000000,
     .doc = "So few entries removed, or added, are never a reason to hold."},
    {.name = "max_entries",
     .type = GW_OPTION_NUMBER,
     .default_text = "50000",
     .min = 1,
     .max = 1000000,
     .doc = "Rows that one version may declare; they take effect in one transaction."},
    {.name = "expire_per_tick",
     .type = GW_OPTION_NUMBER,
     .default_text = "1000",
     .min = 1,
     .max = 100000,
     .doc = "Entries of one list that are ended in one second when their term is over."},
    {.name = "max_measures",
     .type = GW_OPTION_NUMBER,
     .default_text = "64",
     .max = 256,
     .doc = "Measures that one entry may name."},
    {.name = "max_open",
     .type = GW_OPTION_NUMBER,
     .default_text = "8",
     .min = 1,
     .max = 1000,
     .doc = "Versions that a source may have open on one list at a time."},
    {.name = "open_hours",
     .type = GW_OPTION_NUMBER,
     .default_text = "24",
     .min = 1,
     .max = 8760,
     .doc = "An open version to which nothing was added for so long is discarded."},
};

static const struct gw_adapter_method exchange[] = {
    {.name = "Publish",
     .streaming = GW_STREAM_BIDI,
     .place = GW_PLACE_WRITER,
     .flags = GW_METHOD_IDEMPOTENT | GW_METHOD_LONG, /* a version takes effect as a whole */
     .open = sl_publish_open,
     .prepare = sl_publish_prepare,
     .message = sl_publish_message,
     .half_close = sl_publish_half_close,
     .close = sl_state_free},
    {.name = "Pull",
     .streaming = GW_STREAM_SERVER,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .open = sl_pull_open,
     .message = sl_pull_message,
     .writable = sl_pull_writable,
     .close = sl_state_free},
    {.name = "Check",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = sl_check},
    {.name = "CheckBatch",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_WORKER,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = sl_check_batch},
};
static const struct gw_adapter_method operations[] = {
    {.name = "Lists",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = sl_lists},
    {.name = "Held",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_LOOP,
     .flags = GW_METHOD_IDEMPOTENT,
     .message = sl_held},
    {.name = "Release",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_WRITER,
     .flags = GW_METHOD_LONG,
     .message = sl_release},
    {.name = "Discard",
     .streaming = GW_STREAM_UNARY,
     .place = GW_PLACE_WRITER,
     .message = sl_discard},
};
static const struct gw_adapter_service services[] = {
    {&xinqiao__v1__list_exchange__descriptor, exchange, sizeof(exchange) / sizeof(exchange[0])},
    {&xinqiao__v1__list_operations__descriptor, operations,
     sizeof(operations) / sizeof(operations[0])},
};

static struct gw_adapter adapter = {
    .abi_major = GW_ADAPTER_ABI_MAJOR,
    .abi_minor = GW_ADAPTER_ABI_MINOR,
    .struct_size = sizeof(adapter),
    .name = "sanction_list",
    .description = "sanction and reward lists",
    .services = services,
    .service_count = sizeof(services) / sizeof(services[0]),
    .descriptor_set = lists_fds,
    .reasons = sl_reasons,
    .init = init,
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .migrations = sl_migrations,
    .statements = sl_statements,
    .statement_count = SL_STATEMENT_COUNT,
    .prepare = prepare,
    .abort = drop,
    .release = drop,
    .tick_ms = 1000,
    .tick = sl_expire,
    .status = sl_status,
};

__attribute__((visibility("default"))) gw_adapter_entry_fn gw_adapter_entry;
const struct gw_adapter *gw_adapter_entry(void)
{
    adapter.descriptor_set_size = lists_fds_size;
    adapter.reason_count = sl_reason_count;
    adapter.migration_count = sl_migration_count;
    return &adapter;
}
