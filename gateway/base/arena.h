/* Memory by lifetime: per call, per connection, per configuration generation.
 * Allocate freely, ask gw_arena_failed() once before the result is used. */
#ifndef GW_BASE_ARENA_H
#define GW_BASE_ARENA_H

#include "base/bytes.h"
#include "base/check.h"

struct gw_arena;

/* `name` must outlive the arena; `budget` in bytes bounds everything ever live in it. NULL when out
 * of memory. */
struct gw_arena *gw_arena_new(const char *name, size_t budget);
void gw_arena_free(struct gw_arena *a);
GW_DEFINE_FREEP(struct gw_arena, gw_arena_free)

/* 16-byte aligned, not zeroed; NULL over budget, and the arena is failed from then on
 * (and refuses everything). A size of 0 gives a pointer too. */
void *gw_arena_alloc(struct gw_arena *a, size_t size);
void *gw_arena_calloc(struct gw_arena *a, size_t count, size_t size);
/* Copies into the arena; the str form adds a NUL. */
struct gw_bytes gw_arena_dup(struct gw_arena *a, struct gw_bytes b);
char *gw_arena_strdup(struct gw_arena *a, const char *s);
char *gw_arena_strndup(struct gw_arena *a, const void *s, size_t len);
char *gw_arena_printf(struct gw_arena *a, const char *fmt, ...) GW_PRINTF(2, 3);

#define gw_arena_new_of(a, type) ((type *)gw_arena_calloc((a), 1, sizeof(type)))

/* True once an allocation was refused; sticky until reset to before it. */
bool gw_arena_failed(const struct gw_arena *a);
size_t gw_arena_used(const struct gw_arena *a);

struct gw_arena_mark {
    void *block;
    size_t used;
    size_t total;
    bool failed;
};
struct gw_arena_mark gw_arena_mark(const struct gw_arena *a);
/* Frees all allocated since `mark` (poisoned in debug builds); failed is again what it was then. */
void gw_arena_rewind(struct gw_arena *a, struct gw_arena_mark mark);
/* Frees all but the first block, which is emptied; not failed any more. */
void gw_arena_reset(struct gw_arena *a);

#endif
