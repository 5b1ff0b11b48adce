/* The layout that adapters were compiled against does not move: fields are only appended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/gw_adapter.h"

_Static_assert(offsetof(struct gw_adapter, abi_major) == 0, "version first");
_Static_assert(offsetof(struct gw_adapter, abi_minor) == 4, "version first");
_Static_assert(offsetof(struct gw_adapter, struct_size) == 8, "size second");
_Static_assert(offsetof(struct gw_adapter, name) == 16, "1.0");
_Static_assert(offsetof(struct gw_adapter, services) == 32, "1.0");
_Static_assert(offsetof(struct gw_adapter, init) == 80, "1.0");
_Static_assert(offsetof(struct gw_adapter, fini) == 88, "1.0");
_Static_assert(offsetof(struct gw_adapter_host, struct_size) == 8, "size second");
_Static_assert(offsetof(struct gw_adapter_host, alloc) == 16, "1.0");
_Static_assert(offsetof(struct gw_adapter_host, send) == 24, "1.0");
_Static_assert(offsetof(struct gw_adapter_host, lend) == 136, "1.0");
_Static_assert(offsetof(struct gw_adapter_host, again) == 144, "1.0");
_Static_assert(offsetof(struct gw_adapter_host, send_receipt_of) == 152, "1.1");
_Static_assert(offsetof(struct gw_adapter_method, message) == 40, "1.0");
_Static_assert(offsetof(struct gw_adapter_method, close) == 72, "1.0");
_Static_assert(offsetof(struct gw_adapter_host, record_read) == 160, "1.2");
_Static_assert(offsetof(struct gw_adapter_host, covers) == 200, "1.2");
_Static_assert(offsetof(struct gw_adapter_host, sql) == 264, "1.2");
_Static_assert(offsetof(struct gw_adapter_host, cursor_open) == 328, "1.2");
_Static_assert(offsetof(struct gw_adapter_host, note_list) == 352, "1.2");
_Static_assert(offsetof(struct gw_adapter_host, wait_change) == 376, "1.2");
_Static_assert(offsetof(struct gw_adapter_host, generation) == 392, "1.2");
_Static_assert(offsetof(struct gw_adapter_host, complain) == 480, "1.2");
_Static_assert(offsetof(struct gw_adapter, options) == 96, "1.2");
_Static_assert(offsetof(struct gw_adapter, prepare) == 144, "1.2");
_Static_assert(offsetof(struct gw_adapter, tick_ms) == 176, "1.2");
_Static_assert(offsetof(struct gw_adapter, status) == 192, "1.2");

static void sizes_of_version_1_2(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct gw_adapter), 200);
    assert_int_equal(sizeof(struct gw_adapter_host), 488);
    assert_int_equal(sizeof(struct gw_adapter_method), 80);
    assert_int_equal(sizeof(struct gw_adapter_service), 24);
    assert_int_equal(sizeof(struct gw_adapter_reason), 32);
    assert_int_equal(sizeof(struct gw_adapter_value), 32);
    assert_int_equal(sizeof(struct gw_adapter_finding), 40);
    assert_int_equal(sizeof(struct gw_adapter_list), 48);
    assert_int_equal(sizeof(struct gw_adapter_measure), 40);
    assert_int_equal(sizeof(struct gw_adapter_option), 48);
    assert_int_equal(sizeof(struct gw_adapter_migration), 24);
    assert_int_equal(sizeof(struct gw_adapter_statement), 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes_of_version_1_2)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
