/* The set of formats of a configuration generation as others ask it: finding, naming, digests. How
 * it is loaded is in set.c. */
#include "format/format.h"

#include "base/text.h"
#include "format/format_internal.h"

static void list_near(const struct gw_format_set *s, struct gw_bytes id, struct gw_buf *ret)
{
    enum { NEAR = 12, MOST = 3 };
    unsigned listed = 0;
    for (unsigned distance = 1; distance < NEAR && listed < MOST; distance++) {
        for (size_t i = 0; i < s->count && listed < MOST; i++) {
            if (gw_text_distance(id, gw_bytes_str(s->format[i]->id), NEAR) != distance)
                continue;
            gw_buf_str(ret, listed++ != 0 ? ", " : "");
            gw_buf_str(ret, s->format[i]->id);
        }
    }
    /* Nothing like it: all of them, there are few. */
    for (size_t i = 0; listed == 0 && i < s->count; i++) {
        gw_buf_str(ret, i != 0 ? ", " : "");
        gw_buf_str(ret, s->format[i]->id);
    }
}

const struct gw_format *gw_format_find(const struct gw_format_set *s, struct gw_bytes id,
                                       struct gw_buf *ret_near)
{
    for (size_t i = 0; i < s->count; i++) {
        if (gw_bytes_eq_str(id, s->format[i]->id))
            return s->format[i];
    }
    if (ret_near != NULL)
        list_near(s, id, ret_near);
    return NULL;
}

size_t gw_format_count(const struct gw_format_set *s)
{
    return s->count;
}

const struct gw_format *gw_format_at(const struct gw_format_set *s, size_t i)
{
    return i < s->count ? s->format[i] : NULL;
}

void gw_format_set_digest(const struct gw_format_set *s, char ret_short[9], struct gw_hash *ret,
                          struct gw_buf *ret_list)
{
    if (ret_short != NULL)
        memcpy(ret_short, s->digest_short, sizeof(s->digest_short));
    if (ret != NULL)
        *ret = s->digest;
    if (ret_list != NULL)
        gw_buf_bytes(ret_list, gw_buf_view(&s->digest_list));
}

const char *gw_format_id(const struct gw_format *f)
{
    return f->id;
}

const char *gw_format_title(const struct gw_format *f, const char *lang)
{
    return strcmp(lang, "en") == 0 ? f->title_en : f->title_zh;
}

bool gw_format_pair(const struct gw_format *from, const struct gw_format *to)
{
    return from->kind == to->kind || from->kind == XINQIAO__V1__KIND__KIND_UNSPECIFIED ||
           to->kind == XINQIAO__V1__KIND__KIND_UNSPECIFIED;
}

Xinqiao__V1__Kind gw_format_kind(const struct gw_format *f)
{
    return f->kind;
}

const char *gw_format_media(const struct gw_format *f)
{
    static const char *const names[] = {"xml", "json", "protobuf"};
    return names[f->media];
}

bool gw_format_inferred(const struct gw_format *f)
{
    return f->inferred;
}

bool gw_format_confirmed(const struct gw_format *f)
{
    return f->confirmed_by != NULL && f->confirmed_on != NULL;
}

bool gw_format_takes_class(const struct gw_format *f, Xinqiao__V1__SubjectClass c)
{
    return f->classes == 0 || ((int)c >= 0 && (int)c < 32 && (f->classes >> (int)c & 1) != 0);
}
