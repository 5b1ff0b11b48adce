/* Identifiers and instants. */
#include "service/service_test.h"

static void test_uuid(void **state)
{
    (void)state;
    static const char text[] = "0197aabb-ccdd-7eef-8001-0203040506ff";
    uint8_t id[16], same[16];
    char back[GW_UUID_TEXT];
    assert_int_equal(gw_service_uuid_parse(text, id), GW_OK);
    assert_int_equal(id[0], 0x01);
    assert_int_equal(id[15], 0xff);
    gw_service_uuid_format(id, back);
    assert_string_equal(back, text);
    assert_int_equal(gw_service_uuid_parse("0197AABB-CCDD-7EEF-8001-0203040506FF", same), GW_OK);
    assert_memory_equal(id, same, 16);
    static const char *const bad[] = {"",
                                      "0197aabb",
                                      "0197aabbccdd7eef80010203040506ff",
                                      "0197aabb-ccdd-7eef-8001-0203040506f",
                                      "0197aabb-ccdd-7eef-8001-0203040506fff",
                                      "0197aabb-ccdd-7eef-80010-203040506ff",
                                      "0197aabg-ccdd-7eef-8001-0203040506ff"};
    for (size_t i = 0; i < GW_ARRAY_LEN(bad); i++)
        assert_int_equal(gw_service_uuid_parse(bad[i], id), GW_INVALID);
}

static void test_timestamp(void **state)
{
    (void)state;
    static const int64_t us[] = {1, -1, 1795492800123456, -1000000, INT64_MAX, -1234567};
    struct gw_arena *a = gw_arena_new("t", 1 << 16);
    for (size_t i = 0; i < GW_ARRAY_LEN(us); i++) {
        const Google__Protobuf__Timestamp *t = gw_service_timestamp(a, us[i]);
        assert_non_null(t);
        assert_true(t->nanos >= 0 && t->nanos < 1000000000);
        assert_int_equal(gw_service_timestamp_us(t), us[i]);
    }
    assert_null(gw_service_timestamp(a, 0));
    assert_int_equal(gw_service_timestamp_us(NULL), 0);
    Google__Protobuf__Timestamp t = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    t.seconds = INT64_MAX;
    assert_int_equal(gw_service_timestamp_us(&t), 0);
    t.seconds = 1;
    t.nanos = -1;
    assert_int_equal(gw_service_timestamp_us(&t), 0);
    gw_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_timestamp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
