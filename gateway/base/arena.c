/* Arena of a chain of blocks, newest first. The first block lives in the arena's own allocation, so
 * a small call costs one malloc. The budget counts rounded requests only, not block heads or red
 * zones: debug and release builds refuse at the same point. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(ptr, len)   ASAN_POISON_MEMORY_REGION((ptr), (len))
#define UNPOISON(ptr, len) ASAN_UNPOISON_MEMORY_REGION((ptr), (len))
#else
#define POISON(ptr, len)   ((void)(ptr), (void)(len))
#define UNPOISON(ptr, len) ((void)(ptr), (void)(len))
#endif

enum { ALIGN = 16, FIRST_BLOCK = 4096 - 128, MAX_BLOCK = 64 * 1024, FREED = 0xdb };
#ifdef GW_DEBUG
enum { RED_ZONE = 16 };
#else
enum { RED_ZONE = 0 };
#endif

struct block {
    struct block *older;
    size_t size;
    size_t used;
    size_t pad;
    _Alignas(ALIGN) uint8_t data[];
};
_Static_assert(sizeof(struct block) % ALIGN == 0, "data starts aligned");

struct gw_arena {
    const char *name;
    size_t budget;
    size_t total; /* rounded bytes handed out */
    size_t next_block;
    struct block *newest;
    bool failed;
    struct block first;
};

static void block_open(struct block *b, size_t size, struct block *older)
{
    b->older = older;
    b->size = size;
    b->used = 0;
    POISON(b->data, size);
}

struct gw_arena *gw_arena_new(const char *name, size_t budget)
{
    struct gw_arena *a = malloc(sizeof(*a) + FIRST_BLOCK);
    if (a == NULL)
        return NULL;
    *a = (struct gw_arena){.name = name, .budget = budget, .next_block = (size_t)FIRST_BLOCK * 2};
    block_open(&a->first, FIRST_BLOCK, NULL);
    a->newest = &a->first;
    return a;
}

static void drop_newer(struct gw_arena *a, const struct block *keep)
{
    while (a->newest != keep) {
        struct block *b = a->newest;
        a->newest = b->older;
        UNPOISON(b->data, b->size);
        free(b);
    }
}

void gw_arena_free(struct gw_arena *a)
{
    if (a == NULL)
        return;
    drop_newer(a, &a->first);
    UNPOISON(a->first.data, a->first.size);
    free(a);
}

static bool add_block(struct gw_arena *a, size_t need)
{
    size_t size = a->next_block;
    /* No larger than what the budget can still use; red zones make it approximate, `need` rules. */
    size_t left = a->budget - a->total;
    if (size > left)
        size = left;
    if (size < need)
        size = need;
    size_t whole;
    if (__builtin_add_overflow(sizeof(struct block), size, &whole))
        return false;
    struct block *b = malloc(whole);
    if (b == NULL)
        return false;
    block_open(b, size, a->newest);
    a->newest = b;
    if (a->next_block < MAX_BLOCK)
        a->next_block *= 2;
    return true;
}

void *gw_arena_alloc(struct gw_arena *a, size_t size)
{
    size_t rounded;
    size_t need;
    if (__builtin_add_overflow(size != 0 ? size : 1, ALIGN - 1, &rounded))
        goto refuse;
    rounded &= ~(size_t)(ALIGN - 1);
    /* Refusals go on after the first, so that a caller who does not ask sees a clear NULL. */
    if (a->failed || rounded > a->budget - a->total)
        goto refuse;
    if (__builtin_add_overflow(rounded, (size_t)RED_ZONE, &need))
        goto refuse;
    if (need > a->newest->size - a->newest->used && !add_block(a, need))
        goto refuse;
    struct block *b = a->newest;
    uint8_t *at = b->data + b->used;
    b->used += need;
    a->total += rounded;
    UNPOISON(at, size);
    return at;
refuse:
    a->failed = true;
    return NULL;
}

void *gw_arena_calloc(struct gw_arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        a->failed = true;
        return NULL;
    }
    void *p = gw_arena_alloc(a, bytes);
    if (p != NULL)
        memset(p, 0, bytes);
    return p;
}

struct gw_bytes gw_arena_dup(struct gw_arena *a, struct gw_bytes b)
{
    uint8_t *p = gw_arena_alloc(a, b.len);
    if (p == NULL)
        return GW_BYTES_NONE;
    if (b.len != 0)
        memcpy(p, b.ptr, b.len);
    return gw_bytes_make(p, b.len);
}

char *gw_arena_strdup(struct gw_arena *a, const char *s)
{
    return gw_arena_strndup(a, s, strlen(s));
}

char *gw_arena_strndup(struct gw_arena *a, const void *s, size_t len)
{
    size_t with_nul;
    if (__builtin_add_overflow(len, 1, &with_nul)) {
        a->failed = true;
        return NULL;
    }
    char *p = gw_arena_alloc(a, with_nul);
    if (p == NULL)
        return NULL;
    if (len != 0)
        memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

char *gw_arena_printf(struct gw_arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        a->failed = true;
        return NULL;
    }
    char *p = gw_arena_alloc(a, (size_t)n + 1);
    if (p == NULL)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

bool gw_arena_failed(const struct gw_arena *a)
{
    return a->failed;
}

size_t gw_arena_used(const struct gw_arena *a)
{
    return a->total;
}

struct gw_arena_mark gw_arena_mark(const struct gw_arena *a)
{
    return (struct gw_arena_mark){a->newest, a->newest->used, a->total, a->failed};
}

void gw_arena_rewind(struct gw_arena *a, struct gw_arena_mark mark)
{
    struct block *b = mark.block;
    drop_newer(a, b);
#ifdef GW_DEBUG
    UNPOISON(b->data + mark.used, b->used - mark.used);
    memset(b->data + mark.used, FREED, b->used - mark.used);
#endif
    POISON(b->data + mark.used, b->size - mark.used);
    b->used = mark.used;
    a->total = mark.total;
    a->failed = mark.failed;
}

void gw_arena_reset(struct gw_arena *a)
{
    gw_arena_rewind(a, (struct gw_arena_mark){.block = &a->first});
    a->next_block = (size_t)FIRST_BLOCK * 2;
}
