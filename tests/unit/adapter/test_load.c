/* What is refused of tables and descriptor sets, and that a refusal leaves the set as it was; what
 * a generation says to the adapters, and when it is committed, aborted, released. Files and their
 * owners are the flow tests' matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/adapter.h"
#include "adapter/adapter_internal.h"
#include "base/file.h"
#include "crypto/crypto.h"
#include "grpc/health/v1/health.pb-c.h"

extern const unsigned char gw_proto_fds[];
extern const size_t gw_proto_fds_size;

static const struct gw_adapter_host *host;
static int inits, finis, prepared, committed, aborted, released;
static bool refuse;

static int32_t answer(void *adapter, struct gw_adapter_call *c, void *state,
                      const ProtobufCMessage *m, void *item)
{
    (void)adapter, (void)c, (void)state, (void)m, (void)item;
    return 0;
}

static int32_t init(const struct gw_adapter_host *h, void **ret)
{
    host = h;
    inits++;
    *ret = &inits;
    return 0;
}

static void fini(void *self)
{
    assert_ptr_equal(self, &inits);
    finis++;
}

static int32_t prepare(void *self, const struct gw_adapter_config *g, void **ret)
{
    (void)self;
    assert_int_equal(host->option_number(g, "nothing"), 0);
    assert_string_equal(host->option_text(g, "nothing"), "");
    assert_int_equal(host->config_benefit_purpose(g, "good"), 1);
    assert_int_equal(host->config_benefit_purpose(g, "bad"), 0);
    assert_null(host->agreement_at(g, 0));
    assert_null(host->node_child(NULL, "terms.bands"));
    assert_null(host->node_at(NULL, 0));
    assert_int_equal(host->node_count(NULL), 0);
    assert_string_equal(host->node_name(NULL), "");
    assert_null(host->node_text(NULL));
    assert_int_equal(host->node_number(NULL, 7), 7);
    if (refuse)
        return 1;
    *ret = &prepared;
    prepared++;
    return 0;
}

static void count(void *self, void *state, int *which)
{
    assert_ptr_equal(self, &inits);
    assert_ptr_equal(state, &prepared);
    ++*which;
}
static void on_commit(void *self, void *state)
{
    count(self, state, &committed);
}
static void on_abort(void *self, void *state)
{
    count(self, state, &aborted);
}
static void on_release(void *self, void *state)
{
    count(self, state, &released);
}

static const struct gw_adapter_reason reasons[] = {
    {.code = "my-probe-gone", .grpc = 5, .zh = "没有", .en = "gone"}};
static struct gw_adapter_method methods[2];
static struct gw_adapter_service service;
static struct gw_adapter adapter;
static char dir[] = "/tmp/gw-adapters-XXXXXX";

static int setup(void **state)
{
    (void)state;
    inits = finis = prepared = committed = aborted = released = 0;
    refuse = false;
    methods[0] = (struct gw_adapter_method){.name = "Check", .message = answer};
    methods[1] = (struct gw_adapter_method){
        .name = "Watch", .streaming = GW_STREAM_SERVER, .message = answer};
    service = (struct gw_adapter_service){&grpc__health__v1__health__descriptor, methods, 2};
    adapter = (struct gw_adapter){.abi_major = GW_ADAPTER_ABI_MAJOR,
                                  .abi_minor = GW_ADAPTER_ABI_MINOR,
                                  .struct_size = sizeof(adapter),
                                  .name = "my_probe",
                                  .services = &service,
                                  .service_count = 1,
                                  .descriptor_set = gw_proto_fds,
                                  .descriptor_set_size = gw_proto_fds_size,
                                  .reasons = reasons,
                                  .reason_count = 1,
                                  .init = init,
                                  .fini = fini,
                                  .prepare = prepare,
                                  .commit = on_commit,
                                  .abort = on_abort,
                                  .release = on_release};
    return 0;
}

/* A refused adapter leaves nothing: a good one of the same name and services goes in after it. */
static void refused(const char *expect)
{
    GW_CLEANUP(gw_adapter_set_freep) struct gw_adapter_set *set = NULL;
    struct gw_adapter bad = adapter;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_adapter_set_new(&set), GW_OK);
    assert_int_not_equal(gw_adapter_set_add(set, &bad, &error), GW_OK);
    gw_buf_u8(&error, 0);
    if (strstr((const char *)error.ptr, expect) == NULL)
        fail_msg("%s: %s", expect, (const char *)error.ptr);
    gw_buf_fini(&error);
    assert_int_equal(inits, 0);
    assert_int_equal(gw_adapter_set_count(set), 0);
    assert_int_equal(gw_adapter_target_count(set), 0);
    assert_null(gw_adapter_service_names(set)[0]);
    assert_int_equal(gw_adapter_descriptor_set(set).len, 0);
    assert_null(gw_reason_find(GW_BYTES_LIT("my-probe-gone")));
    setup(NULL);
    struct gw_buf none;
    gw_buf_init(&none, 4096);
    assert_int_equal(gw_adapter_set_add(set, &adapter, &none), GW_OK);
    assert_int_equal(none.len, 0);
    gw_buf_fini(&none);
    assert_int_equal(inits, 1);
    assert_int_equal(gw_adapter_target_count(set), 2);
    assert_non_null(gw_reason_find(GW_BYTES_LIT("my-probe-gone")));
    setup(NULL);
}

static void names(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "Probe",   "1probe",
                                      "my-probe", "probe/x", "a23456789012345678901234567890123"};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        adapter.name = bad[i];
        refused("is not a lower-case letter");
    }
    assert_true(gw_adapter_name_ok("a2345678901234567890123456789012"));
    adapter.name = NULL;
    refused("is not a lower-case letter");
}

static void reason_rows(void **state)
{
    (void)state;
    struct gw_adapter_reason row;
    const struct {
        const char *code;
        uint32_t grpc;
        const char *zh, *expect;
    } bad[] = {{"my_probe-gone", 5, "没有", "does not begin with my-probe-"},
               {"my-probe", 5, "没有", "does not begin with"},
               {"my-probe-", 5, "没有", "does not begin with"},
               {"my-probe-Gone", 5, "没有", "lower-case letters"},
               {"my-probe-gone", 17, "没有", "has code 17"},
               {"my-probe-gone", 5, "", "lacks its Chinese or English text"},
               {"my-probe-gone", 5, NULL, "lacks its Chinese or English text"},
               {NULL, 5, "没有", "without a code"}};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        row = (struct gw_adapter_reason){
            .code = bad[i].code, .grpc = bad[i].grpc, .zh = bad[i].zh, .en = "gone"};
        adapter.reasons = &row;
        refused(bad[i].expect);
    }
    static const struct gw_adapter_reason twice[] = {
        {.code = "my-probe-gone", .grpc = 5, .zh = "没有", .en = "gone"},
        {.code = "my-probe-gone", .grpc = 5, .zh = "没有", .en = "gone"}};
    adapter.reasons = twice;
    adapter.reason_count = 2;
    refused("one of its reasons exists already");
}

static void tables(void **state)
{
    (void)state;
    adapter.options = NULL;
    adapter.option_count = 1;
    refused("1 options, and no table of as many");
    adapter.service_count = SIZE_MAX;
    refused("services, and no table of as many");
    adapter.tick_ms = 5;
    refused("tick_ms without tick()");
    methods[0].place = GW_PLACE_WORKER + 1;
    refused("unknown kind or place");
    methods[1].place = GW_PLACE_WORKER;
    refused("streams, and a worker's can not");
    methods[1].name = NULL;
    refused("has no method without a name");
    service.descriptor = NULL;
    refused("a service without its descriptor");
    adapter.abi_minor = 1;
    adapter.struct_size = 95;
    refused("is 95 bytes, ABI 1.1 needs 96");
}

static void option_rows(void **state)
{
    (void)state;
    struct gw_adapter_option row;
    const struct {
        struct gw_adapter_option row;
        const char *expect;
    } bad[] = {{{.name = NULL, .doc = "x."}, "no name of one word"},
               {{.name = "a.b", .doc = "x."}, "no name of one word"},
               {{.name = "a", .type = 5, .doc = "x."}, "a type that"},
               {{.name = "A", .doc = "x."}, "not dotted lower case"},
               {{.name = "a"}, "there is no sentence about it"},
               {{.name = "a", .min = 2, .max = 1, .doc = "x."}, "wrong way round"},
               {{.name = "a", .default_text = "x", .doc = "x."}, "default is not a value"}};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++) {
        row = bad[i].row;
        adapter.options = &row;
        adapter.option_count = 1;
        refused(bad[i].expect);
    }
}

static void descriptor_sets(void **state)
{
    (void)state;
    adapter.descriptor_set_size = 0;
    refused("grpc.health.v1.Health is not in its descriptor set");
    /* Cut anywhere it is refused, and never read beyond. */
    for (size_t len = 1; len < gw_proto_fds_size; len += 997) {
        uint8_t *cut = malloc(len);
        assert_non_null(cut);
        memcpy(cut, gw_proto_fds, len);
        adapter.descriptor_set = cut;
        adapter.descriptor_set_size = len;
        refused("its descriptor set");
        free(cut);
    }
    methods[1].streaming = GW_STREAM_BIDI;
    refused("is server streaming in its .proto and bidirectional in its row");
}

static void a_file_that_is_described_already(void **state)
{
    (void)state;
    GW_CLEANUP(gw_adapter_set_freep) struct gw_adapter_set *set = NULL;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_adapter_set_new(&set), GW_OK);
    struct gw_bytes own = gw_bytes_make(gw_proto_fds, gw_proto_fds_size);
    assert_int_equal(gw_adapter_set_describe(set, own), GW_OK);
    assert_int_equal(gw_adapter_set_add(set, &adapter, &error), GW_EXISTS);
    gw_buf_u8(&error, 0);
    assert_non_null(strstr((const char *)error.ptr, "health.proto is described already"));
    gw_buf_fini(&error);
    /* The same files again add nothing. */
    assert_int_equal(gw_adapter_set_describe(set, own), GW_OK);
    assert_int_equal(gw_adapter_descriptor_set(set).len, gw_proto_fds_size);
    assert_int_equal(gw_adapter_set_describe(set, GW_BYTES_LIT("\x0a\x7f")), GW_INVALID);
}

/* ---- generations ---- */

static bool benefit(const void *arg, const char *purpose)
{
    return arg == &adapter && strcmp(purpose, "good") == 0;
}

static enum gw_status prepare_one(const struct gw_adapter_set *set,
                                  struct gw_adapter_generation **ret)
{
    const struct gw_adapter_law law = {.arg = &adapter, .benefit_purpose = benefit};
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_adapter_generation_new(set, dir, NULL, ret, &error), GW_OK);
    enum gw_status st = gw_adapter_generation_prepare(*ret, &law, &error);
    assert_int_equal(st == GW_OK, error.len == 0);
    gw_buf_fini(&error);
    return st;
}

static void generations(void **state)
{
    (void)state;
    struct gw_adapter_set *set = NULL;
    struct gw_adapter_generation *g[4] = {NULL};
    struct gw_adapter silent = adapter;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_adapter_set_new(&set), GW_OK);
    silent = (struct gw_adapter){.abi_major = adapter.abi_major,
                                 .abi_minor = adapter.abi_minor,
                                 .struct_size = sizeof(silent),
                                 .name = "silent"};
    assert_int_equal(gw_adapter_set_add(set, &silent, &error), GW_OK);
    assert_int_equal(gw_adapter_set_add(set, &adapter, &error), GW_OK);
    assert_int_equal(gw_adapter_target_at(set, 0)->index, 1);
    assert_false(gw_adapter_target_at(set, 0)->loaded);

    assert_int_equal(prepare_one(set, &g[0]), GW_OK);
    assert_ptr_equal(gw_adapter_generation_states(g[0])[1], &prepared);
    assert_null(gw_adapter_generation_states(g[0])[0]);
    gw_adapter_generation_commit(g[0]);
    assert_int_equal(committed, 1);

    assert_int_equal(prepare_one(set, &g[1]), GW_OK); /* another fault: never used */
    gw_adapter_generation_free(g[1]);
    assert_int_equal(aborted, 1);
    refuse = true;
    assert_int_equal(prepare_one(set, &g[2]), GW_INVALID); /* not prepared: not aborted */
    gw_adapter_generation_free(g[2]);
    assert_int_equal(aborted, 1);
    refuse = false;
    assert_int_equal(gw_adapter_generation_new(set, dir, NULL, &g[3], &error), GW_OK);
    gw_adapter_generation_free(g[3]); /* read, and not prepared */
    assert_int_equal(aborted, 1);

    gw_adapter_generation_free(g[0]);
    assert_int_equal(released, 1);
    assert_int_equal(prepared, aborted + released);
    gw_adapter_generation_free(NULL);
    gw_adapter_set_free(set);
    assert_int_equal(finis, 1);
    gw_buf_fini(&error);
    assert_null(gw_reason_find(GW_BYTES_LIT("my-probe-gone")));
}

static void no_folder_is_no_adapter(void **state)
{
    (void)state;
    GW_CLEANUP(gw_adapter_set_freep) struct gw_adapter_set *set = NULL;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_adapter_set_new(&set), GW_OK);
    assert_int_equal(gw_adapter_set_load(set, "/nowhere/at/all", NULL, &error), GW_OK);
    assert_int_equal(gw_adapter_set_load(set, dir, NULL, &error), GW_OK);
    assert_int_equal(error.len, 0);
    assert_int_equal(gw_adapter_set_count(set), 0);
    gw_buf_fini(&error);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL && gw_crypto_init() == GW_OK ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(names, setup),
        cmocka_unit_test_setup(reason_rows, setup),
        cmocka_unit_test_setup(tables, setup),
        cmocka_unit_test_setup(option_rows, setup),
        cmocka_unit_test_setup(descriptor_sets, setup),
        cmocka_unit_test_setup(a_file_that_is_described_already, setup),
        cmocka_unit_test_setup(generations, setup),
        cmocka_unit_test_setup(no_folder_is_no_adapter, setup),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
