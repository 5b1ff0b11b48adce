/* What the host refuses when an adapter is added, and in which sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapter/adapter.h"
#include "crypto/crypto.h"
#include "grpc/health/v1/health.pb-c.h"

static int32_t answer(void *adapter, struct gw_adapter_call *c, void *state,
                      const ProtobufCMessage *m, void *item)
{
    (void)adapter;
    (void)c;
    (void)state;
    (void)m;
    (void)item;
    return 0;
}

static int32_t fails(const struct gw_adapter_host *host, void **ret)
{
    (void)host;
    (void)ret;
    return 1;
}

static struct gw_adapter_method methods[2];
static struct gw_adapter_service services[2];
static struct gw_adapter adapter;

static int setup(void **state)
{
    (void)state;
    methods[0] = (struct gw_adapter_method){.name = "Check", .message = answer};
    methods[1] = (struct gw_adapter_method){
        .name = "Watch", .streaming = GW_STREAM_SERVER, .message = answer};
    services[0] = (struct gw_adapter_service){&grpc__health__v1__health__descriptor, methods, 2};
    services[1] = services[0];
    adapter = (struct gw_adapter){.abi_major = GW_ADAPTER_ABI_MAJOR,
                                  .abi_minor = GW_ADAPTER_ABI_MINOR,
                                  .struct_size = sizeof(struct gw_adapter),
                                  .name = "probe",
                                  .services = services,
                                  .service_count = 1};
    return 0;
}

static enum gw_status add(const char *expect)
{
    GW_CLEANUP(gw_adapter_set_freep) struct gw_adapter_set *set = NULL;
    struct gw_buf error;
    gw_buf_init(&error, 4096);
    assert_int_equal(gw_adapter_set_new(&set), GW_OK);
    enum gw_status st = gw_adapter_set_add(set, &adapter, &error);
    if (expect != NULL) {
        gw_buf_u8(&error, 0);
        assert_non_null(strstr((const char *)error.ptr, expect));
    } else {
        assert_int_equal(gw_adapter_target_count(set), 2);
        assert_string_equal(gw_adapter_target_at(set, 0)->path, "/grpc.health.v1.Health/Check");
        assert_string_equal(gw_adapter_target_at(set, 0)->name, "Health/Check");
        assert_string_equal(gw_adapter_service_names(set)[0], "grpc.health.v1.Health");
        assert_null(gw_adapter_service_names(set)[1]);
    }
    gw_buf_fini(&error);
    return st;
}

static void a_good_one_is_taken(void **state)
{
    (void)state;
    assert_int_equal(add(NULL), GW_OK);
}

static void a_writer_without_entries_is_refused(void **state)
{
    (void)state;
    methods[0].place = GW_PLACE_WRITER;
    methods[0].flags = GW_METHOD_EXEMPT;
    assert_int_equal(add("can not be exempt"), GW_INVALID);
}

static void a_name_that_no_entry_holds_is_refused(void **state)
{
    (void)state;
    static const char name[] = "test.AServiceWhoseNameIsLongEnoughThatWithItsMethodItFitsNoEntry0";
    static ProtobufCServiceDescriptor d;
    d = grpc__health__v1__health__descriptor;
    d.name = name;
    services[0].descriptor = &d;
    assert_int_equal(add("longer than the 64 bytes"), GW_TOO_LARGE);
}

static void another_major_is_refused(void **state)
{
    (void)state;
    adapter.abi_major = GW_ADAPTER_ABI_MAJOR + 1;
    assert_int_equal(add("rebuild it with our gw_adapter.h"), GW_UNSUPPORTED);
}

static void a_newer_minor_is_refused(void **state)
{
    (void)state;
    adapter.abi_minor = GW_ADAPTER_ABI_MINOR + 1;
    assert_int_equal(add("this gateway"), GW_UNSUPPORTED);
}

static void a_short_struct_is_refused(void **state)
{
    (void)state;
    adapter.struct_size = 16;
    assert_int_equal(add("16 bytes"), GW_UNSUPPORTED);
}

static void a_method_that_the_service_lacks_is_refused(void **state)
{
    (void)state;
    methods[1].name = "Listen";
    assert_int_equal(add("has no method Listen"), GW_INVALID);
}

static void a_method_without_message_is_refused(void **state)
{
    (void)state;
    methods[0].message = NULL;
    assert_int_equal(add("Check"), GW_INVALID);
}

static void a_duplicate_method_is_refused(void **state)
{
    (void)state;
    adapter.service_count = 2;
    assert_int_equal(add("published twice"), GW_EXISTS);
}

static void a_failing_init_is_refused(void **state)
{
    (void)state;
    adapter.init = fails;
    assert_int_equal(add("its init() failed"), GW_INVALID);
}

static void a_reason_without_prefix_is_refused(void **state)
{
    (void)state;
    static const struct gw_adapter_reason wrong[] = {{"overload", 8, 0, "x", "x"}};
    adapter.reasons = wrong;
    adapter.reason_count = 1;
    assert_int_equal(add("does not begin with probe-"), GW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_one_is_taken, setup),
        cmocka_unit_test_setup(a_writer_without_entries_is_refused, setup),
        cmocka_unit_test_setup(a_name_that_no_entry_holds_is_refused, setup),
        cmocka_unit_test_setup(another_major_is_refused, setup),
        cmocka_unit_test_setup(a_newer_minor_is_refused, setup),
        cmocka_unit_test_setup(a_short_struct_is_refused, setup),
        cmocka_unit_test_setup(a_method_that_the_service_lacks_is_refused, setup),
        cmocka_unit_test_setup(a_method_without_message_is_refused, setup),
        cmocka_unit_test_setup(a_duplicate_method_is_refused, setup),
        cmocka_unit_test_setup(a_failing_init_is_refused, setup),
        cmocka_unit_test_setup(a_reason_without_prefix_is_refused, setup),
    };
    return gw_crypto_init() != GW_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
