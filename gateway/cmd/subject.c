/* Subjects: read without leaving traces, told apart by their check digits, shown covered. */
#include "cmd/subject.h"

#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "canon/canon.h"
#include "crypto/crypto.h"

enum { LINE_MAX_BYTES = 1024 };

const char gw_cmd_subject_help_zh[] =
    "主体一行一个：统一社会信用代码或公民身份号码；其他证件前加种类："
    "passport、hk-macao-pass、taiwan-pass、foreign-permanent。\n"
    "一串数字两种都通得过时，前面写 uscc 或 "
    "citizen-id。自然人的号码请用文件、标准输入或按提示输入，"
    "不要写在命令行上。\n";
const char gw_cmd_subject_help_en[] = "A subject is a line: a unified social credit code or a "
                                      "citizen id; other documents have their\n"
                                      "kind in front: passport, hk-macao-pass, taiwan-pass, "
                                      "foreign-permanent. Where a number could be\n"
                                      "either, write uscc or citizen-id in front. A person's "
                                      "number comes from a file, from standard\n"
                                      "input or from the prompt, not from the command line.\n";

static const struct {
    const char *word, *other;
    bool organisation;
    Xinqiao__V1__DocumentKind document;
} words[] = {
    {"uscc", "统一社会信用代码", true, XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED},
    {"citizen-id", "身份证", false, XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID},
    {"passport", "护照", false, XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_PASSPORT},
    {"hk-macao-pass", "港澳居民来往内地通行证", false,
     XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_HK_MACAO_PASS},
    {"taiwan-pass", "台湾居民来往大陆通行证", false,
     XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_TAIWAN_PASS},
    {"foreign-permanent", "外国人永久居留身份证", false,
     XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_FOREIGN_PERMANENT},
};

static struct gw_bytes trim(struct gw_bytes b)
{
    while (b.len != 0 && b.ptr[0] <= ' ') {
        b.ptr++;
        b.len--;
    }
    while (b.len != 0 && b.ptr[b.len - 1] <= ' ')
        b.len--;
    return b;
}

static int complain(const struct gw_cmd_ctx *c, uint64_t row, const char *zh, const char *en)
{
    char where[48] = "";
    if (row != 0)
        snprintf(where, sizeof(where), TR(c, "第 %llu 行：", "line %llu: "),
                 (unsigned long long)row);
    gw_cmd_err(c, "%s%s", "%s%s", where, TR(c, zh, en));
    return GW_EXIT_USAGE;
}

static int check(const struct gw_cmd_ctx *c, struct gw_bytes number, uint64_t row,
                 const struct gw_cmd_subject *s)
{
    const char *why = "";
    struct gw_date today = gw_date_at_utc8(gw_clock_wall_us());
    if (s->organisation && gw_canon_uscc_check(number, false, &why) != GW_OK)
        return complain(c, row, "统一社会信用代码不正确（位数或校验位），请核对",
                        "not a unified social credit code (length or check digit); check it");
    if (s->document == XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID &&
        gw_canon_citizen_id_check(number, today, &why) != GW_OK)
        return complain(c, row, "公民身份号码不正确（位数、日期或校验位），请核对",
                        "not a citizen id (length, date or check digit); check it");
    return GW_EXIT_GO_ON;
}

/* Which of the two 18-character numbers is it? */
static int decide(const struct gw_cmd_ctx *c, struct gw_bytes number, uint64_t row, bool persons,
                  struct gw_cmd_subject *ret)
{
    const char *why = "";
    struct gw_date today = gw_date_at_utc8(gw_clock_wall_us());
    bool uscc = !persons && gw_canon_uscc_check(number, false, &why) == GW_OK;
    bool citizen = gw_canon_citizen_id_check(number, today, &why) == GW_OK;
    if (uscc && citizen)
        return complain(
            c, row, "既可能是统一社会信用代码也可能是身份证号，请在前面写 uscc 或 citizen-id",
            "could be a credit code or a citizen id; write uscc or citizen-id in front");
    if (persons && !citizen)
        return check(c, number, row,
                     &(struct gw_cmd_subject){
                         .document = XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID});
    if (!uscc && !citizen)
        return complain(c, row,
                        "不是统一社会信用代码，也不是公民身份号码（校验位不对或位数不对），请核对",
                        "neither a unified social credit code nor a citizen id (length or check "
                        "digit); check it");
    ret->organisation = uscc;
    ret->document = uscc ? XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED
                         : XINQIAO__V1__DOCUMENT_KIND__DOCUMENT_KIND_CITIZEN_ID;
    return GW_EXIT_GO_ON;
}

static int parse(const struct gw_cmd_ctx *c, struct gw_bytes line, uint64_t row, bool persons,
                 struct gw_cmd_subject *ret)
{
    struct gw_cmd_subject s = {.organisation = false};
    line = trim(line);
    const uint8_t *blank = line.len != 0 ? memchr(line.ptr, ' ', line.len) : NULL;
    int rc = GW_EXIT_GO_ON;
    bool said = blank != NULL;
    struct gw_bytes number = line;
    if (said) {
        struct gw_bytes word = gw_bytes_make(line.ptr, (size_t)(blank - line.ptr));
        number = trim(gw_bytes_make(blank, line.len - word.len));
        size_t i = 0;
        while (i < GW_ARRAY_LEN(words) && !gw_bytes_eq_str(word, words[i].word) &&
               !gw_bytes_eq_str(word, words[i].other))
            i++;
        if (i == GW_ARRAY_LEN(words))
            return complain(c, row, "证件种类不认识，见 --help",
                            "unknown kind of document; see --help");
        s.organisation = words[i].organisation;
        s.document = words[i].document;
    }
    uint8_t mem[sizeof(s.number) - 1];
    struct gw_buf fixed;
    gw_buf_init_fixed(&fixed, mem, sizeof(mem));
    bool changed;
    if (number.len == 0)
        rc = complain(c, row, "没有号码", "there is no number");
    else if (gw_canon_id_repair(number, &fixed, &changed) != GW_OK || fixed.len == 0 ||
             gw_buf_failed(&fixed) != GW_OK)
        rc = complain(c, row, "号码过长或含有不能识别的字符",
                      "the number is too long or has characters that can not be read");
    else
        rc = said ? check(c, gw_buf_view(&fixed), row, &s)
                  : decide(c, gw_buf_view(&fixed), row, persons, &s);
    if (rc == GW_EXIT_GO_ON) {
        memcpy(s.number, fixed.ptr, fixed.len);
        s.number[fixed.len] = '\0';
        *ret = s;
    }
    gw_crypto_wipe(mem, sizeof(mem));
    gw_crypto_wipe(&s, sizeof(s));
    return rc;
}

int gw_cmd_subject_parse(const struct gw_cmd_ctx *c, struct gw_bytes line, uint64_t row,
                         struct gw_cmd_subject *ret)
{
    return parse(c, line, row, false, ret);
}

static bool first_line(struct gw_bytes text, struct gw_bytes *ret)
{
    while (text.len != 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
        struct gw_bytes line = trim(gw_bytes_make(text.ptr, len));
        if (line.len != 0 && line.ptr[0] != '#') {
            *ret = line;
            return true;
        }
        size_t skip = len + (end != NULL ? 1 : 0);
        text = gw_bytes_make(text.ptr + skip, text.len - skip);
    }
    return false;
}

/* On a terminal the number is not shown: somebody may be looking. */
static enum gw_status from_input(const struct gw_cmd_ctx *c, char *mem, size_t size,
                                 size_t *ret_len)
{
    bool terminal = isatty(0) != 0;
    struct termios before;
    if (terminal) {
        fputs(TR(c, "证件号码（输入时不显示）：", "number of the document (not shown): "), stderr);
        terminal = tcgetattr(0, &before) == 0;
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        if (terminal)
            tcsetattr(0, TCSAFLUSH, &quiet);
    }
    size_t n = 0;
    bool ended = false;
    while (n < size && !ended) {
        ssize_t got = read(0, mem + n, size - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        ended = terminal && memchr(mem + n, '\n', (size_t)got) != NULL;
        n += (size_t)got;
    }
    if (terminal) {
        tcsetattr(0, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    *ret_len = n;
    return GW_OK;
}

static enum gw_status from_file(const char *path, char *mem, size_t size, size_t *ret_len)
{
    struct gw_buf b;
    gw_buf_init_fixed(&b, mem, size);
    GW_TRY(gw_file_read(path, &b));
    *ret_len = b.len;
    return GW_OK;
}

int gw_cmd_subject_read(const struct gw_cmd_ctx *c, const struct gw_cmd_subject_from *from,
                        struct gw_cmd_subject *ret)
{
    if (from->uscc != NULL) {
        const char *why = "";
        if (from->file != NULL) {
            gw_cmd_err(c, "--uscc 与文件只能给出一个", "give --uscc or a file, not both");
            return gw_cmd_usage_hint(c);
        }
        if (gw_canon_uscc_check(gw_bytes_str(from->uscc), false, &why) != GW_OK)
            return complain(
                c, 0, "--uscc 只用于统一社会信用代码；自然人的号码请用文件、标准输入或按提示输入",
                "--uscc is for unified social credit codes; a person's number comes "
                "from a file, standard input or the prompt");
        *ret = (struct gw_cmd_subject){.organisation = true};
        snprintf(ret->number, sizeof(ret->number), "%s", from->uscc);
        return GW_EXIT_GO_ON;
    }
    char mem[LINE_MAX_BYTES];
    size_t len = 0;
    enum gw_status st = from->file != NULL && strcmp(from->file, "-") != 0
                            ? from_file(from->file, mem, sizeof(mem), &len)
                            : from_input(c, mem, sizeof(mem), &len);
    int rc;
    struct gw_bytes line;
    if (st != GW_OK)
        rc = gw_cmd_file_failed(c, from->file, st);
    else if (!first_line(gw_bytes_make(mem, len), &line))
        rc = complain(c, 0, "没有给出主体", "no subject was given");
    else
        rc = parse(c, line, 0, from->persons, ret);
    gw_crypto_wipe(mem, sizeof(mem));
    return rc;
}

void gw_cmd_subject_show(const struct gw_cmd_subject *s, char ret[129])
{
    snprintf(ret, 129, "%s", s->number);
    size_t len = strlen(ret), keep = len >= 12 ? 4 : 1;
    for (size_t i = keep; !s->organisation && i + keep < len; i++)
        ret[i] = '*';
}
