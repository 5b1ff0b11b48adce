/* conf/README.md says what the option rows say, and the rows themselves are sound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "server/server.h"

static void readme_has_every_row(void **state)
{
    (void)state;
    struct gw_buf readme, rows;
    gw_buf_init(&readme, 1u << 20);
    gw_buf_init(&rows, 1u << 20);
    assert_int_equal(gw_file_read(GW_SOURCE_DIR "/conf/README.md", &readme), GW_OK);
    gw_server_print_options(&rows);
    assert_true(rows.len > 1000);
    assert_true(readme.len > rows.len);
    /* To mend a failure: xinqiaod --options, behind the marker in conf/README.md. */
    assert_memory_equal(readme.ptr + readme.len - rows.len, rows.ptr, rows.len);
    gw_buf_fini(&readme);
    gw_buf_fini(&rows);
}

static void a_missing_file_is_told(void **state)
{
    (void)state;
    struct gw_buf text;
    gw_buf_init(&text, 1u << 20);
    assert_int_not_equal(gw_server_check("no/such/gateway.conf", &text), GW_OK);
    gw_buf_u8(&text, 0);
    assert_non_null(strstr((const char *)text.ptr, "no/such/gateway.conf"));
    gw_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readme_has_every_row),
        cmocka_unit_test(a_missing_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
