/* Attributes and checks used everywhere: must-use results, scope clean-up, our own bugs. */
#ifndef GW_BASE_CHECK_H
#define GW_BASE_CHECK_H

#include <stddef.h>

#include "base/status.h"

#define GW_MUST_USE                        __attribute__((warn_unused_result))
#define GW_PRINTF(fmt, first)              __attribute__((format(printf, fmt, first)))
#define GW_EXPORT                          __attribute__((visibility("default")))
#define GW_CLEANUP(fn)                     __attribute__((cleanup(fn)))
#define GW_LIKELY(x)                       __builtin_expect(!!(x), 1)
#define GW_UNLIKELY(x)                     __builtin_expect(!!(x), 0)
#define GW_ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define GW_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Returns from the calling function when `expr` is not GW_OK; the only macro that hides a return.
 */
#define GW_TRY(expr)                                                                               \
    do {                                                                                           \
        enum gw_status gw_try_st_ = (expr);                                                        \
        if (GW_UNLIKELY(gw_try_st_ != GW_OK))                                                      \
            return gw_try_st_;                                                                     \
    } while (0)

/* Hands on what a GW_CLEANUP variable holds: the variable becomes NULL. */
#define gw_steal(pp)                                                                               \
    ({                                                                                             \
        __typeof__(*(pp)) gw_steal_v_ = *(pp);                                                     \
        *(pp) = NULL;                                                                              \
        gw_steal_v_;                                                                               \
    })

/* Defines `name##p`, for GW_CLEANUP, from `void name(type *)`. */
#define GW_DEFINE_FREEP(type, name)                                                                \
    static inline void name##p(type **p)                                                           \
    {                                                                                              \
        name(*p);                                                                                  \
        *p = NULL;                                                                                 \
    }

/* Our own mistake: aborts in debug and CI builds, is counted and logged in release builds.
 * Yields the condition, so a release build can refuse: if (GW_BUG_ON(x)) return GW_INTERNAL; */
#define GW_BUG_ON(cond) gw_bug_on(GW_UNLIKELY(cond), #cond, __FILE__, __LINE__)
void gw_bug(const char *what, const char *file, int line);
unsigned long gw_bug_count(void);
static inline bool gw_bug_on(bool is_bug, const char *what, const char *file, int line)
{
    if (is_bug)
        gw_bug(what, file, line);
    return is_bug;
}

/* Structs that travel through a void pointer start with a magic word (varnish, miniobj). */
#define GW_MAGIC_CHECK(obj, magic_value) ((void)GW_BUG_ON((obj)->magic != (magic_value)))

#endif
