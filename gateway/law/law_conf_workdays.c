/* Reads workdays.tsv: what the State Council's notices of holidays change in an ordinary week. Four
 * columns: the day, what it is (edition, year, off, work), the holiday or the notice, the mark. */
#include <stdio.h>

#include "base/text.h"
#include "config/config.h"
#include "law/law_conf_internal.h"

enum { COLUMNS = 4, MAX_YEARS = 100, MAX_SEEN = 60 };

struct line {
    unsigned number;
    struct gw_bytes column[COLUMNS];
};

static enum gw_status complain(const struct line *at, struct gw_buf *err, const char *what,
                               struct gw_bytes seen)
{
    seen = gw_utf8_cut(seen, MAX_SEEN);
    gw_buf_printf(err, "%s:%u: seen \"%.*s\", expected %s\n", gw_law_file_name[GW_LAW_WORKDAYS],
                  at->number, GW_BYTES_FMT(seen), what);
    return GW_INVALID;
}

/* The next piece of the text up to `stop`, which is left out. */
static struct gw_bytes cut(struct gw_bytes *text, char stop)
{
    if (text->len == 0)
        return GW_BYTES_NONE;
    const uint8_t *end = memchr(text->ptr, stop, text->len);
    size_t len = end != NULL ? (size_t)(end - text->ptr) : text->len;
    struct gw_bytes piece = gw_bytes_make(text->ptr, len);
    size_t used = end != NULL ? len + 1 : len;
    *text = gw_bytes_make(text->ptr + used, text->len - used);
    return piece;
}

static enum gw_status read_line(struct gw_bytes text, struct line *ret, struct gw_buf *err)
{
    struct gw_bytes rest = text;
    for (size_t i = 0; i < COLUMNS; i++) {
        if (i != 0 && rest.len == 0)
            return complain(ret, err, "four columns with tabs between them", text);
        ret->column[i] = cut(&rest, '\t');
        if (ret->column[i].len == 0)
            return complain(ret, err, "four columns with tabs between them", text);
    }
    if (rest.len != 0)
        return complain(ret, err, "four columns with tabs between them", text);
    struct gw_bytes mark = ret->column[3];
    if (mark.len != 1 || strchr("SRI", mark.ptr[0]) == NULL || mark.ptr[0] == 0)
        return complain(ret, err, "a mark: S, R or I", mark);
    return GW_OK;
}

static unsigned weekday(struct gw_date day) /* 0 Monday ... 6 Sunday; 1970-01-01 was a Thursday */
{
    return (unsigned)(((gw_date_to_days(day) + 3) % 7 + 7) % 7);
}

static enum gw_status read_edition(struct gw_law *l, const struct line *at, struct gw_buf *err)
{
    if (l->edition != NULL && gw_bytes_eq_str(at->column[0], l->edition))
        return GW_OK;
    return complain(at, err, "the edition of the other files", at->column[0]);
}

static enum gw_status read_year(struct gw_law *l, const struct line *at, struct gw_buf *err)
{
    char text[16];
    struct gw_date first;
    if (at->column[0].len != 4)
        return complain(at, err, "a year as 2026", at->column[0]);
    (void)snprintf(text, sizeof(text), "%.4s-01-01", (const char *)at->column[0].ptr);
    if (gw_canon_date_parse(gw_bytes_str(text), "YYYY-MM-DD", &first, NULL) != GW_OK)
        return complain(at, err, "a year as 2026", at->column[0]);
    if (l->year_count == MAX_YEARS ||
        (l->year_count != 0 && l->year[l->year_count - 1].year >= first.year))
        return complain(at, err, "years in order, each once", at->column[0]);
    l->year[l->year_count++].year = first.year;
    return GW_OK;
}

static enum gw_status read_day(struct gw_law *l, const struct line *at, uint8_t kind,
                               struct gw_buf *err)
{
    struct gw_date day;
    struct gw_law_year *year = l->year_count != 0 ? &l->year[l->year_count - 1] : NULL;
    if (gw_canon_date_parse(at->column[0], "YYYY-MM-DD", &day, NULL) != GW_OK)
        return complain(at, err, "a day as 2026-02-17", at->column[0]);
    if (year == NULL || year->year != day.year)
        return complain(at, err, "a day of the year whose row stands above", at->column[0]);
    if (kind == GW_LAW_DAY_WORK && weekday(day) < 5)
        return complain(at, err, "a Saturday or Sunday: other days are worked anyway",
                        at->column[0]);
    struct gw_date first = {day.year, 1, 1};
    size_t i = (size_t)(gw_date_to_days(day) - gw_date_to_days(first));
    for (size_t k = i; k < GW_ARRAY_LEN(year->day); k++) {
        if (year->day[k] != GW_LAW_DAY_ORDINARY)
            return complain(at, err, "days in order, each once", at->column[0]);
    }
    year->day[i] = kind;
    return GW_OK;
}

static enum gw_status read_row(struct gw_law *l, const struct line *at, struct gw_buf *err)
{
    if (gw_bytes_eq_str(at->column[1], "year"))
        return read_year(l, at, err);
    if (gw_bytes_eq_str(at->column[1], "off"))
        return read_day(l, at, GW_LAW_DAY_OFF, err);
    if (gw_bytes_eq_str(at->column[1], "work"))
        return read_day(l, at, GW_LAW_DAY_WORK, err);
    return complain(at, err, "year, off or work", at->column[1]);
}

enum gw_status gw_law_conf_workdays(struct gw_law *l, struct gw_buf *err)
{
    struct gw_bytes text = l->workdays;
    struct line at = {.number = 0};
    enum gw_status st = GW_OK;
    l->year = gw_arena_calloc(l->arena, MAX_YEARS, sizeof(*l->year));
    if (l->year == NULL)
        return GW_NOMEM;
    do {
        at.number++;
        enum gw_status one = read_line(cut(&text, '\n'), &at, err);
        if (one == GW_OK && at.number == 1)
            one = gw_bytes_eq_str(at.column[1], "edition")
                      ? read_edition(l, &at, err)
                      : complain(&at, err, "the row of the edition first", at.column[1]);
        else if (one == GW_OK)
            one = read_row(l, &at, err);
        st = st == GW_OK ? one : st;
    } while (text.len != 0 && at.number < GW_LAW_MAX_ROWS);
    if (st == GW_OK && text.len != 0)
        return complain(&at, err, "fewer rows", at.column[0]);
    if (st == GW_OK && l->year_count == 0)
        return complain(&at, err, "a row of a year", at.column[0]);
    return st;
}
