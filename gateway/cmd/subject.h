/* Whom a question is about. Numbers of persons are read from a file, standard input or the
 * terminal: never from the command line, where every user of the machine can see them. */
#ifndef GW_CMD_SUBJECT_H
#define GW_CMD_SUBJECT_H

#include "cmd/cmd.h"
#include "xinqiao/v1/record.pb-c.h"

struct gw_cmd_subject {
    bool organisation; /* `number` is a unified social credit code */
    Xinqiao__V1__DocumentKind document;
    char number[129];
};

/* The rows for gw_cmd_parse(). */
struct gw_cmd_subject_from {
    const char *file, *uscc;
    bool persons; /* a number without a word in front is a citizen id, also where it could be a code
                   */
};

/* "<number>" or "<word> <number>", where the word is uscc, citizen-id, passport, hk-macao-pass,
 * taiwan-pass or foreign-permanent. Says what is wrong, without the number; `row` 0: it is the only
 * one. */
int gw_cmd_subject_parse(const struct gw_cmd_ctx *c, struct gw_bytes line, uint64_t row,
                         struct gw_cmd_subject *ret);
/* One subject from where it was said to be; else from standard input, on a terminal without echo.
 */
int gw_cmd_subject_read(const struct gw_cmd_ctx *c, const struct gw_cmd_subject_from *from,
                        struct gw_cmd_subject *ret);
/* As people may see it: an organisation's code, or a person's number with its middle covered. */
void gw_cmd_subject_show(const struct gw_cmd_subject *s, char ret[129]);
/* What these lines mean, for --help. */
extern const char gw_cmd_subject_help_zh[], gw_cmd_subject_help_en[];

#endif
