/* Refused connections: one ALARM an address and minute, with the count of those in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "server/refusals.h"

static char dir[64];
static struct gw_audit *log_;

static int setup(void **state)
{
    static char keys[80], data[80];
    struct gw_buf error;
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/xq-refusals-XXXXXX");
    if (mkdtemp(dir) == NULL || gw_crypto_init() != GW_OK)
        return 1;
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    snprintf(data, sizeof(data), "%s/log", dir);
    struct gw_audit_settings s = gw_audit_defaults;
    s.dir = data;
    s.keys_dir = keys;
    s.host = "unit.test";
    s.min_free = 0;
    gw_buf_init(&error, 4096);
    char command[200];
    snprintf(command, sizeof(command), "mkdir -m 700 -p %s %s", keys, data);
    int rc = system(command) != 0 || gw_audit_open(&s, &log_, &error) != GW_OK;
    gw_buf_fini(&error);
    return rc;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    gw_audit_close(log_);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command) != 0;
}

/* Entries so far, once everything queued before is durable: a mark of our own goes in behind it and
 * is not counted. */
static uint64_t entries(void)
{
    static uint64_t marks;
    struct gw_audit_entry e;
    struct gw_buf body;
    bool redacted;
    uint64_t seq = 0;
    gw_audit_entry_init(&e, GW_AUDIT_ALARM);
    gw_audit_set_bytes(&e, GW_AF_EVENT, GW_BYTES_LIT("mark"));
    gw_buf_init(&body, 4096);
    assert_int_equal(gw_audit_body_encode(&e, &body, &redacted), GW_OK);
    assert_int_equal(gw_audit_append_wait(log_, gw_buf_view(&body), &seq), GW_OK);
    gw_buf_fini(&body);
    return seq - marks++;
}

static void one_alarm_an_address_and_minute(void **state)
{
    (void)state;
    struct gw_refusals *r = calloc(1, sizeof(*r));
    int64_t now = 1000000000;
    uint64_t before = entries();
    for (int i = 0; i < 50; i++)
        gw_refusals_note(r, log_, "192.0.2.1:5000", "test", now + i);
    assert_int_equal(entries(), before + 1);
    gw_refusals_note(r, log_, "192.0.2.2:5000", "test", now);
    assert_int_equal(entries(), before + 2);
    /* A minute later: the 49 that were not told, and the new one. */
    gw_refusals_note(r, log_, "192.0.2.1:5001", "test", now + 61 * 1000000);
    assert_int_equal(entries(), before + 4);
    free(r);
}

/* A burst that ends is told whole, though nobody comes again. */
static void rest_of_a_burst_is_told_by_the_sweep(void **state)
{
    (void)state;
    struct gw_refusals *r = calloc(1, sizeof(*r));
    int64_t now = 1000000000;
    uint64_t before = entries();
    for (int i = 0; i < 50; i++)
        gw_refusals_note(r, log_, "192.0.2.1:5000", "test", now + i);
    gw_refusals_sweep(r, log_, now + 59 * 1000000);
    assert_int_equal(entries(), before + 1);
    gw_refusals_sweep(r, log_, now + 61 * 1000000);
    assert_int_equal(entries(), before + 2);
    gw_refusals_sweep(r, log_, now + 200 * 1000000);
    assert_int_equal(entries(), before + 2);
    free(r);
}

static void many_addresses_stay_bounded(void **state)
{
    (void)state;
    struct gw_refusals *r = calloc(1, sizeof(*r));
    uint64_t before = entries();
    for (int i = 0; i < 1000; i++) {
        char address[32];
        snprintf(address, sizeof(address), "10.0.%d.%d:1", i / 250, i % 250);
        gw_refusals_note(r, log_, address, "test", 1000000000 + i);
    }
    assert_int_equal(entries(), before + 1000);
    free(r);
}

int main(void)
{
    gw_log_setup(2, GW_LOG_ERROR, true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_alarm_an_address_and_minute),
        cmocka_unit_test(rest_of_a_burst_is_told_by_the_sweep),
        cmocka_unit_test(many_addresses_stay_bounded),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
