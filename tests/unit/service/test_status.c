/* Health and Operations.Status: what is said of a gateway that serves, and of one in trouble. */
#include "grpc/health/v1/health.pb-c.h"
#include "service/service_test.h"

#define HEALTH(x) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##x

static bool is_serving;
static bool serving(void)
{
    return is_serving;
}

static struct gw_service_peer_status peers[2];
static struct gw_service_status server;
static const struct gw_service_status *status(void)
{
    return &server;
}

static int setup(void **state)
{
    static const char *const names[] = {"xinqiao.v1.RecordExchange", NULL};
    if (world_setup(state) != 0)
        return 1;
    world.views.service_names = names;
    world.views.serving = serving;
    world.views.status = status;
    return 0;
}

static int health(const char *method, const char *service, const char **ret_finished)
{
    struct gw_adapter_call c;
    Grpc__Health__V1__HealthCheckRequest m = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    m.service = gw_service_str(service);
    call_begin(&c, "health", method, "anybody");
    assert_true((c.method->flags & GW_METHOD_EXEMPT) != 0);
    assert_int_equal(call_once(&c, &m.base), GW_OK);
    *ret_finished = c.finished;
    int s = -1;
    if (c.sent_count == 1)
        s = (int)((const Grpc__Health__V1__HealthCheckResponse *)c.sent[0])->status;
    call_end(&c);
    return s;
}

static void test_check(void **state)
{
    (void)state;
    const char *end;
    is_serving = true;
    assert_int_equal(health("Check", "", &end), HEALTH(SERVING));
    assert_string_equal(end, "ok");
    assert_int_equal(health("Check", "xinqiao.v1.RecordExchange", &end), HEALTH(SERVING));
    assert_int_equal(health("Check", "xinqiao.v1.Nothing", &end), -1);
    assert_string_equal(end, "service-unknown");
    is_serving = false;
    assert_int_equal(health("Check", "", &end), HEALTH(NOT_SERVING));
    assert_string_equal(end, "ok");
}

static void test_watch(void **state)
{
    (void)state;
    const char *end;
    is_serving = true;
    assert_int_equal(health("Watch", "", &end), HEALTH(SERVING));
    assert_null(end);
    assert_int_equal(health("Watch", "nothing", &end), HEALTH(SERVICE_UNKNOWN));
    assert_null(end);
}

static void test_status(void **state)
{
    (void)state;
    struct gw_adapter_call c;
    Xinqiao__V1__StatusRequest in = XINQIAO__V1__STATUS_REQUEST__INIT;
    const int64_t day = INT64_C(86400) * GW_USEC_PER_SEC;
    peers[0] = (struct gw_service_peer_status){.name = "suzhou",
                                               .title_zh = "苏州",
                                               .title_en = "Suzhou",
                                               .calls = 7,
                                               .refused = 2,
                                               .last_us = TODAY_US,
                                               .certificate_ends_us = TODAY_US + 29 * day};
    peers[1] = (struct gw_service_peer_status){.name = "hangzhou"};
    server = (struct gw_service_status){.started_us = TODAY_US - day,
                                        .calls = 9,
                                        .refused = 3,
                                        .exempt = 1,
                                        .certificate_days_left = 5,
                                        .crl_due_us = TODAY_US - 1,
                                        .peers = peers,
                                        .peer_count = 2};
    call_begin(&c, "operations", "Status", "operator");
    assert_int_equal(call_once(&c, &in.base), GW_OK);
    assert_string_equal(c.finished, "ok");
    const Xinqiao__V1__StatusResponse *m = (const Xinqiao__V1__StatusResponse *)c.sent[0];
    assert_string_equal(m->version, XINQIAO_VERSION);
    assert_string_equal(m->generation, "generation@00000000");
    assert_int_equal(gw_service_timestamp_us(m->started_at), TODAY_US - day);
    assert_int_equal(m->calls, 9);
    assert_int_equal(m->n_peers, 2);
    assert_string_equal(m->peers[0]->title_zh, "苏州");
    assert_int_equal(m->peers[0]->calls, 7);
    assert_null(m->peers[1]->last_exchange);
    assert_non_null(m->store);
    assert_false(m->store->failed);
    assert_int_equal(m->n_red, 3);
    assert_string_equal(m->red[0]->reason, "certificate-ends");
    assert_non_null(strstr(m->red[0]->text_zh, "5"));
    assert_string_equal(m->red[1]->reason, "crl-overdue");
    assert_string_equal(m->red[2]->reason, "peer-certificate-ends");
    assert_non_null(strstr(m->red[2]->text_en, "suzhou"));
    call_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_status),
    };
    return cmocka_run_group_tests(tests, setup, world_teardown);
}
