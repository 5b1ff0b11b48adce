/* Random bytes, UUIDs and secrets made at first use. */
#include "crypto/crypto.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/file.h"

enum { POOL_LEN = 512, POOL_TAKE_MAX = 64 };

/* Bytes handed out are wiped from the pool at once; `generation` makes a forked child start anew.
 */
static _Thread_local struct {
    uint8_t bytes[POOL_LEN];
    size_t left;
    unsigned generation;
} pool;

static atomic_uint fork_generation;
static pthread_once_t watching = PTHREAD_ONCE_INIT;

static void in_child(void)
{
    atomic_fetch_add(&fork_generation, 1);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, in_child);
}

/* There is no safe answer without randomness. gw_crypto_init() has seen it work, and after that
 * getrandom(2) without flags only fails by interruption. */
static void from_system(uint8_t *p, size_t len)
{
    while (len != 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort(); /* lint: abort: no randomness, no safe answer */
        p += n;
        len -= (size_t)n;
    }
}

void gw_crypto_random(void *ret, size_t len)
{
    if (len > POOL_TAKE_MAX) {
        from_system(ret, len);
        return;
    }
    pthread_once(&watching, watch_forks);
    unsigned generation = atomic_load_explicit(&fork_generation, memory_order_relaxed);
    if (pool.left < len || pool.generation != generation) {
        from_system(pool.bytes, sizeof(pool.bytes));
        pool.left = sizeof(pool.bytes);
        pool.generation = generation;
    }
    pool.left -= len;
    memcpy(ret, pool.bytes + pool.left, len);
    gw_crypto_wipe(pool.bytes + pool.left, len);
}

/* RFC 9562 section 5.7, with the fraction of the millisecond in rand_a (section 6.2, method 3): ids
 * made one after another sort so, which keeps them together in an index. */
void gw_crypto_uuid7(int64_t wall_us, uint8_t ret[16])
{
    uint64_t us = wall_us > 0 ? (uint64_t)wall_us : 0;
    uint64_t ms = us / 1000;
    unsigned fraction = (unsigned)(us % 1000 * 4096 / 1000);
    for (size_t i = 0; i < 6; i++)
        ret[i] = (uint8_t)(ms >> (8 * (5 - i)));
    ret[6] = (uint8_t)(0x70 | fraction >> 8);
    ret[7] = (uint8_t)fraction;
    gw_crypto_random(ret + 8, 8);
    ret[8] = (uint8_t)(0x80 | (ret[8] & 0x3f));
}

static enum gw_status secret_read(const char *path, uint8_t ret[GW_KEY_LEN])
{
    /* One byte more than a secret has, to see a file that is too long. */
    uint8_t mem[GW_KEY_LEN + 1];
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, sizeof(mem));
    enum gw_status st = gw_file_read_private(path, &b);
    if (st == GW_TOO_LARGE || (st == GW_OK && b.len != GW_KEY_LEN))
        st = GW_CORRUPT;
    if (st == GW_OK)
        memcpy(ret, mem, GW_KEY_LEN);
    gw_crypto_wipe(mem, sizeof(mem));
    return st;
}

/* link(2), not rename(2): of two programs that start at once, the second must take the first's
 * secret and not replace it. */
static enum gw_status secret_make(const char *path, bool *ret_made)
{
    char temp[PATH_MAX];
    int n = snprintf(temp, sizeof(temp), "%s.new.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof(temp))
        return GW_TOO_LARGE;
    uint8_t fresh[GW_KEY_LEN];
    gw_crypto_random(fresh, sizeof(fresh));
    enum gw_status st = gw_file_write_atomic(temp, gw_bytes_make(fresh, sizeof(fresh)), 0600);
    gw_crypto_wipe(fresh, sizeof(fresh));
    GW_TRY(st);
    bool made = link(temp, path) == 0;
    if (!made && errno != EEXIST)
        st = GW_IO;
    unlink(temp);
    GW_TRY(st);
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    n = snprintf(dir, sizeof(dir), "%.*s",
                 slash == NULL   ? 1
                 : slash == path ? 1
                                 : (int)(slash - path),
                 slash == NULL ? "." : path);
    if (n < 0 || (size_t)n >= sizeof(dir))
        return GW_TOO_LARGE;
    GW_TRY(gw_file_sync_dir(dir));
    *ret_made = made;
    return GW_OK;
}

enum gw_status gw_crypto_secret_load(const char *path, uint8_t ret[GW_KEY_LEN], bool *ret_made)
{
    bool made = false;
    enum gw_status st = secret_read(path, ret);
    if (st == GW_NOT_FOUND) {
        GW_TRY(secret_make(path, &made));
        st = secret_read(path, ret);
    }
    if (st == GW_OK && ret_made != NULL)
        *ret_made = made;
    return st;
}
