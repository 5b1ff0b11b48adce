/* fuzz: authz */
/* One peer file: refused with a complaint, or a peer that can be asked. A grant for persons always
 * has a basis, whatever is written. */
#include <stdint.h>
#include <stdlib.h>

#include "authz/authz_internal.h"
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the buffer of a string that the file does not end: 64 bytes per refused file.
 */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

static void use(const struct gw_peer *p)
{
    static const struct gw_route route = {.path = "/a.B/C", .method = "RecordExchange/Pull"};
    const struct gw_grant *g = NULL;
    const char *reason = NULL;
    if (gw_authz_route(p, &route, GW_BYTES_LIT("record-sharing"), &g, &reason) == GW_OK)
        (void)gw_authz_record(g, "penalty", GW_CLASS_PERSON, GW_BYTES_LIT("330602"));
    else if (reason == NULL)
        abort();
    for (size_t i = 0; i < p->grant_count; i++) {
        if ((p->grant[i].classes & GW_CLASS_PERSON) != 0 && p->grant[i].basis[0] == '\0')
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (gw_crypto_init() != GW_OK)
        return 0;
    struct gw_peer_set *s = NULL;
    struct gw_buf err;
    gw_buf_init(&err, 1 << 20);
    enum gw_status st = gw_authz_parse("suzhou.conf", gw_bytes_make(data, size), &s, &err);
    if ((st == GW_OK) != (s != NULL) || (st == GW_INVALID && err.len == 0))
        abort();
    if (s != NULL)
        use(gw_authz_peer_at(s, 0));
    gw_authz_free(s);
    gw_buf_fini(&err);
    return 0;
}
