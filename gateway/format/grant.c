/* A grant's field set: canonical paths that may leave. */
#include <stdlib.h>

#include "format/format_internal.h"

struct gw_format_fields {
    char **path; /* "subject.name"; "penalty." for "penalty.*"; "" for "*" */
    bool *prefix;
    size_t count;
};

/* Without these an answer could not be read rightly: they are in every field set. */
static const char *const always[] = {"subject.subject_class", "status", "kind"};

static bool message_path(const char *path)
{
    const ProtobufCMessageDescriptor *d = &xinqiao__v1__record__descriptor;
    while (*path != '\0') {
        char name[64];
        size_t len = strcspn(path, ".");
        if (len == 0 || len >= sizeof(name))
            return false;
        memcpy(name, path, len);
        name[len] = '\0';
        const ProtobufCFieldDescriptor *f =
            protobuf_c_message_descriptor_get_field_by_name(d, name);
        if (f == NULL || f->type != PROTOBUF_C_TYPE_MESSAGE)
            return false;
        d = f->descriptor;
        path += len + (path[len] == '.');
    }
    return true;
}

static enum gw_status take(struct gw_format_fields *f, const char *path, struct gw_buf *error)
{
    size_t len = strlen(path);
    bool all = strcmp(path, "*") == 0;
    bool prefix = all || (len > 2 && strcmp(path + len - 2, ".*") == 0);
    char *copy = strndup(path, prefix ? len - 1 : len);
    if (copy == NULL)
        return GW_NOMEM;
    f->path[f->count] = copy;
    f->prefix[f->count++] = prefix;
    struct gw_canon_path p;
    const char *why = "";
    bool ok = all;
    if (!all && prefix) {
        char *head = strndup(path, len - 2);
        if (head == NULL)
            return GW_NOMEM;
        ok = message_path(head);
        free(head);
    } else if (!all) {
        ok = gw_canon_path_compile(copy, &p, &why) == GW_OK;
    }
    if (ok)
        return GW_OK;
    gw_buf_printf(error, "fields: seen \"%s\", expected a path of the canonical record\n", path);
    return GW_INVALID;
}

enum gw_status gw_format_fields_new(const char *const *paths, size_t count,
                                    struct gw_format_fields **ret, struct gw_buf *ret_error)
{
    struct gw_format_fields *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return GW_NOMEM;
    f->path = calloc(count + 1, sizeof(*f->path));
    f->prefix = calloc(count + 1, sizeof(*f->prefix));
    enum gw_status st = f->path != NULL && f->prefix != NULL ? GW_OK : GW_NOMEM;
    for (size_t i = 0; i < count && st != GW_NOMEM; i++) {
        enum gw_status one = take(f, paths[i], ret_error);
        if (one != GW_OK)
            st = one;
    }
    if (st != GW_OK) {
        gw_format_fields_free(f);
        return st;
    }
    *ret = f;
    return GW_OK;
}

void gw_format_fields_free(struct gw_format_fields *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->count; i++)
        free(f->path[i]);
    free(f->path);
    free(f->prefix);
    free(f);
}

bool gw_format_fields_allow(const struct gw_format_fields *f, const char *path)
{
    for (size_t i = 0; i < GW_ARRAY_LEN(always); i++) {
        if (strcmp(always[i], path) == 0)
            return true;
    }
    for (size_t i = 0; i < f->count; i++) {
        if (f->prefix[i] ? strncmp(f->path[i], path, strlen(f->path[i])) == 0
                         : strcmp(f->path[i], path) == 0)
            return true;
    }
    return false;
}

/* A copy whose messages are its own and whose values are still the original's. */
static ProtobufCMessage *shallow(const ProtobufCMessage *m, struct gw_arena *a)
{
    const ProtobufCMessageDescriptor *d = m->descriptor;
    uint8_t *copy = gw_arena_alloc(a, d->sizeof_message);
    if (copy == NULL)
        return NULL;
    memcpy(copy, m, d->sizeof_message);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        bool other_payload =
            (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
            *(const uint32_t *)(const void *)(copy + f->quantifier_offset) != f->id;
        if (f->type != PROTOBUF_C_TYPE_MESSAGE || f->label == PROTOBUF_C_LABEL_REPEATED ||
            other_payload)
            continue;
        ProtobufCMessage **at = (ProtobufCMessage **)(void *)(copy + f->offset);
        if (*at != NULL && (*at = shallow(*at, a)) == NULL)
            return NULL;
    }
    return (ProtobufCMessage *)(void *)copy;
}

/* The target's name of what a path fills; NULL when it has no column for it. */
static const char *target_name(const struct gw_format *t, const char *path)
{
    if (t->media == GW_MEDIA_PROTOBUF)
        return path;
    for (size_t i = 0; i < t->row_count; i++) {
        for (size_t k = 0; t->row[i].out && k < t->row[i].write_count; k++) {
            if (strcmp(t->row[i].path[k].text, path) == 0)
                return t->field[t->row[i].field].cname;
        }
    }
    return NULL;
}

enum gw_status gw_format_withhold(const struct gw_format *target, const gw_record *r,
                                  const struct gw_format_fields *fields, struct gw_arena *arena,
                                  struct gw_report *report, const gw_record **ret)
{
    gw_record *copy = (gw_record *)(void *)shallow(&r->base, arena);
    const char *last = NULL;
    if (copy == NULL)
        return GW_NOMEM;
    for (size_t i = 0; i < target->set->path_count; i++) {
        const struct gw_canon_path *p = &target->set->path[i];
        struct gw_canon_value v;
        gw_canon_get(copy, p, &v);
        if (!v.present || gw_format_fields_allow(fields, p->text))
            continue;
        struct gw_canon_value none = {.type = p->type};
        GW_TRY(gw_canon_set(copy, p, &none, arena));
        const char *name = target_name(target, p->text);
        /* A kind and the text beside it are one column. */
        if (name != NULL && (last == NULL || strcmp(last, name) != 0))
            gw_report_add(report, GW_PROBLEM_WITHHELD, "withheld-field", name, NULL);
        last = name != NULL ? name : last;
    }
    *ret = copy;
    return GW_OK;
}
