/* Batch sheets (交接单) as files: text for people, then the signed bytes in base64. Verifying makes
 * the text again from the signed bytes, so that nobody can change what people read. */
#include "cmd/push.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/file.h"
#include "base/text.h"

static const char begin_line[] = "-----BEGIN XINQIAO SHEET-----\n";
static const char end_line[] = "-----END XINQIAO SHEET-----\n";

enum { EXIT_SIGNER_UNKNOWN = 3 };

static int64_t instant_us(const Google__Protobuf__Timestamp *t)
{
    return t != NULL ? t->seconds * GW_USEC_PER_SEC + t->nanos / 1000 : 0;
}

static void refusals_text(const struct gw_cmd_ctx *c, const Xinqiao__V1__SheetBody *s,
                          struct gw_buf *b)
{
    if (s->n_refusals == 0)
        return;
    gw_buf_str(b, TR(c, "拒绝明细：\n", "refused rows:\n"));
    for (size_t i = 0; i < s->n_refusals; i++) {
        const Xinqiao__V1__RefusedRow *r = s->refusals[i];
        for (size_t k = 0; k < r->n_findings; k++) {
            const Xinqiao__V1__Finding *f = r->findings[k];
            gw_buf_printf(b,
                          TR(c, "  第 %" PRIu64 " 行  %s（%s）\n", "  row %" PRIu64 "  %s (%s)\n"),
                          r->row, TR(c, f->text_zh, f->text_en), f->reason);
        }
        if (r->n_findings == 0)
            gw_buf_printf(b, TR(c, "  第 %" PRIu64 " 行\n", "  row %" PRIu64 "\n"), r->row);
    }
    if (s->refusals_omitted != 0)
        gw_buf_printf(b,
                      TR(c, "  另有 %" PRIu64 " 行未列出\n", "  %" PRIu64 " more are not listed\n"),
                      s->refusals_omitted);
}

static void body_text(const struct gw_cmd_ctx *c, const Xinqiao__V1__SheetBody *s, struct gw_buf *b)
{
    const Xinqiao__V1__Batch *n = s->batch;
    char opened[20], closed[20];
    gw_cmd_time(instant_us(n->opened_at), opened);
    gw_cmd_time(instant_us(n->closed_at), closed);
    gw_buf_str(b, TR(c, "信桥交接单\n", "Xinqiao batch sheet\n"));
    gw_buf_printf(b, TR(c, "批次：%s\n", "batch: %s\n"), n->batch);
    gw_buf_printf(b, TR(c, "报送方：%s\n", "sender: %s\n"), s->peer);
    gw_buf_printf(b, TR(c, "格式：%s\n", "format: %s\n"), n->format);
    gw_buf_printf(b, TR(c, "打开：%s　关闭：%s（北京时间）\n", "opened: %s  closed: %s (UTC+8)\n"),
                  opened, closed);
    gw_buf_printf(b,
                  TR(c,
                     "应收 %" PRIu64 " ＝ 新增 %" PRIu64 " ＋ 重复 %" PRIu64 " ＋ 更新 %" PRIu64
                     " ＋ 拒绝 %" PRIu64 "\n",
                     "declared %" PRIu64 " = new %" PRIu64 " + repeated %" PRIu64
                     " + updated %" PRIu64 " + refused %" PRIu64 "\n"),
                  n->declared, n->added, n->repeated_rows, n->updated, n->refused);
    gw_buf_printf(b,
                  TR(c, "存证：%s 第 %" PRIu64 " 至 %" PRIu64 " 条\n",
                     "evidence: %s entries %" PRIu64 " to %" PRIu64 "\n"),
                  s->origin, s->first_entry, s->last_entry);
    gw_buf_str(b, TR(c, "内容摘要：", "digest: "));
    gw_hex_put(b, gw_bytes_make(s->digest.data, s->digest.len));
    gw_buf_str(b, "\n");
    refusals_text(c, s, b);
}

enum gw_status gw_sheet_text(const struct gw_cmd_ctx *c, const Xinqiao__V1__BatchSheet *sheet,
                             bool with_signature, struct gw_buf *ret)
{
    Xinqiao__V1__SheetBody *s =
        xinqiao__v1__sheet_body__unpack(NULL, sheet->sheet.len, sheet->sheet.data);
    if (s == NULL || s->batch == NULL) {
        xinqiao__v1__sheet_body__free_unpacked(s, NULL);
        return GW_INVALID;
    }
    body_text(c, s, ret);
    xinqiao__v1__sheet_body__free_unpacked(s, NULL);
    if (!with_signature)
        return gw_buf_failed(ret);
    struct gw_buf packed, text;
    gw_buf_init(&packed, 64u << 20);
    gw_buf_init(&text, 96u << 20);
    enum gw_status st = gw_remote_pack(&sheet->base, &packed);
    gw_base64_put(&text, gw_buf_view(&packed));
    gw_buf_str(
        ret,
        TR(c,
           "\n以下为签名内容，请勿改动；核验：xinqiao sheet verify 本文件 --vkey 对方公布的公钥\n",
           "\nSigned part, do not change; verify: xinqiao sheet verify THIS-FILE "
           "--vkey THEIR-KEYS\n"));
    gw_buf_str(ret, begin_line);
    for (size_t at = 0; at < text.len; at += 76) {
        gw_buf_append(ret, text.ptr + at, text.len - at < 76 ? text.len - at : 76);
        gw_buf_u8(ret, '\n');
    }
    gw_buf_str(ret, end_line);
    if (st == GW_OK)
        st = gw_buf_failed(&text);
    gw_buf_fini(&packed);
    gw_buf_fini(&text);
    return st == GW_OK ? gw_buf_failed(ret) : st;
}

/* ---- verify ------------------------------------------------------------------------------------
 */

static enum gw_status unwrap(struct gw_bytes file, struct gw_bytes *ret_text, struct gw_buf *ret)
{
    const uint8_t *b = memmem(file.ptr, file.len, begin_line, sizeof(begin_line) - 1);
    if (b == NULL)
        return GW_INVALID;
    *ret_text = gw_bytes_make(file.ptr, (size_t)(b - file.ptr));
    const uint8_t *p = b + sizeof(begin_line) - 1;
    size_t left = file.len - (size_t)(p - file.ptr);
    const uint8_t *e = memmem(p, left, end_line, sizeof(end_line) - 1);
    if (e == NULL || e + sizeof(end_line) - 1 != file.ptr + file.len)
        return GW_INVALID;
    struct gw_buf joined;
    gw_buf_init(&joined, 96u << 20);
    for (; p < e; p++)
        if (*p != '\n')
            gw_buf_u8(&joined, *p);
    enum gw_status st = gw_base64_decode(gw_buf_view(&joined), ret);
    gw_buf_fini(&joined);
    return st;
}

/* <name>+<hex key ID>+<base64 of 0x01 and the key> (exchange log, section 3). */
static enum gw_status vkey_parse(struct gw_bytes v, struct gw_bytes *ret_name, uint8_t ret_pub[32])
{
    struct gw_cursor c = gw_cursor_make(v);
    struct gw_bytes id, rest;
    GW_TRY(gw_cursor_until(&c, '+', ret_name));
    GW_TRY(gw_cursor_until(&c, '+', &id));
    rest = gw_bytes_make(c.ptr, gw_cursor_left(&c));
    uint8_t raw[64], want[4];
    struct gw_buf key;
    gw_buf_init_fixed(&key, raw, sizeof(raw));
    GW_TRY(gw_base64_decode(rest, &key));
    GW_TRY(gw_hex_decode(id, want, sizeof(want)));
    if (key.len != 33 || raw[0] != 1)
        return GW_INVALID;
    struct gw_hash h;
    gw_crypto_sha256(*ret_name, GW_BYTES_LIT("\n"), gw_bytes_make(raw, 33), &h);
    if (memcmp(h.byte, want, sizeof(want)) != 0)
        return GW_INVALID;
    memcpy(ret_pub, raw + 1, 32);
    return GW_OK;
}

static bool vkey_listed(struct gw_bytes list, const char *vkey)
{
    struct gw_cursor c = gw_cursor_make(list);
    struct gw_bytes line;
    while (gw_cursor_until(&c, '\n', &line) == GW_OK)
        if (gw_bytes_eq_str(line, vkey))
            return true;
    return gw_bytes_eq_str(gw_bytes_make(c.ptr, gw_cursor_left(&c)), vkey);
}

static bool signature_holds(const Xinqiao__V1__BatchSheet *sheet, struct gw_bytes *ret_name)
{
    uint8_t pub[32];
    struct gw_buf m;
    if (vkey_parse(gw_bytes_str(sheet->vkey), ret_name, pub) != GW_OK)
        return false;
    gw_buf_init(&m, 64u << 20);
    gw_buf_str(&m, "xinqiao batch sheet v1\n");
    gw_buf_append(&m, sheet->sheet.data, sheet->sheet.len);
    bool good =
        gw_buf_failed(&m) == GW_OK &&
        gw_crypto_verify(pub, gw_buf_view(&m),
                         gw_bytes_make(sheet->signature.data, sheet->signature.len)) == GW_OK;
    gw_buf_fini(&m);
    return good;
}

/* The words above the signed part are what it says, in one of the two languages. */
static bool text_holds(const Xinqiao__V1__BatchSheet *sheet, struct gw_bytes text)
{
    bool same = false;
    for (int zh = 0; zh < 2 && !same; zh++) {
        struct gw_cmd_ctx lang = {.zh = zh != 0};
        struct gw_buf b;
        gw_buf_init(&b, 256u << 20);
        if (gw_sheet_text(&lang, sheet, true, &b) == GW_OK) {
            struct gw_bytes v = gw_buf_view(&b);
            same = v.len > text.len && memcmp(v.ptr, text.ptr, text.len) == 0 &&
                   memcmp(v.ptr + text.len, begin_line, sizeof(begin_line) - 1) == 0;
        }
        gw_buf_fini(&b);
    }
    return same;
}

/* The key is named "<host>/sheet", the log "<host>/exchange/<year>": one host. */
static bool same_host(struct gw_bytes key_name, const char *origin)
{
    const char *slash = strchr(origin, '/');
    size_t host = slash != NULL ? (size_t)(slash - origin) : 0;
    return host != 0 && key_name.len == host + strlen("/sheet") &&
           memcmp(key_name.ptr, origin, host) == 0 &&
           memcmp(key_name.ptr + host, "/sheet", strlen("/sheet")) == 0;
}

static bool sums_hold(const Xinqiao__V1__BatchSheet *sheet, struct gw_bytes key_name)
{
    Xinqiao__V1__SheetBody *s =
        xinqiao__v1__sheet_body__unpack(NULL, sheet->sheet.len, sheet->sheet.data);
    const Xinqiao__V1__Batch *n = s != NULL ? s->batch : NULL;
    bool good = n != NULL && n->declared == n->added + n->repeated_rows + n->updated + n->refused &&
                same_host(key_name, s->origin);
    xinqiao__v1__sheet_body__free_unpacked(s, NULL);
    return good;
}

static int say(const struct gw_cmd_ctx *c, int rc, const char *why_zh, const char *why_en)
{
    if (c->json) {
        struct gw_cmd_json j;
        gw_cmd_json_init(&j);
        gw_cmd_json_open(&j, NULL, '{');
        gw_cmd_json_bool(&j, "good", rc != GW_EXIT_FAILED);
        gw_cmd_json_bool(&j, "signer_checked", rc == GW_EXIT_OK);
        gw_cmd_json_str(&j, "text", TR(c, why_zh, why_en));
        gw_cmd_json_close(&j, '}');
        gw_cmd_json_print(&j, stdout);
    } else {
        printf("%s\n", TR(c, why_zh, why_en));
    }
    return rc;
}

static int judge(const struct gw_cmd_ctx *c, struct gw_bytes text, struct gw_bytes signed_part,
                 struct gw_bytes vkeys)
{
    Xinqiao__V1__BatchSheet *sheet =
        xinqiao__v1__batch_sheet__unpack(NULL, signed_part.len, signed_part.ptr);
    struct gw_bytes origin = GW_BYTES_NONE;
    int rc = GW_EXIT_FAILED;
    if (sheet == NULL)
        rc = say(c, rc, "不合格：签名内容无法读取", "bad: the signed part can not be read");
    else if (!signature_holds(sheet, &origin))
        rc =
            say(c, rc, "不合格：签名与内容不符，交接单被改动或并非由该密钥签发",
                "bad: the signature does not fit; the sheet was changed or not signed by that key");
    else if (!text_holds(sheet, text))
        rc = say(c, rc, "不合格：上方的文字与签名内容不一致，文字被改动",
                 "bad: the text above is not what was signed; the text was changed");
    else if (!sums_hold(sheet, origin))
        rc = say(c, rc, "不合格：各项条数之和与应收数不等，或签发者与日志不是同一网关",
                 "bad: the counts do not add up, or key and log are of different gateways");
    else if (vkeys.len != 0 && !vkey_listed(vkeys, sheet->vkey))
        rc = say(c, rc, "不合格：签发者不是 --vkey 文件中的密钥",
                 "bad: signed by a key that is not in the --vkey file");
    else if (vkeys.len == 0)
        rc = say(c, EXIT_SIGNER_UNKNOWN,
                 "内容与签名一致，但未核对签发者是谁；请用 --vkey 给出对方公布的公钥文件",
                 "text and signature agree, but whose signature it is was not checked; give the "
                 "published keys with --vkey");
    else
        rc = say(c, GW_EXIT_OK, "合格：交接单由该网关签发，未被改动",
                 "good: signed by that gateway, unchanged");
    xinqiao__v1__batch_sheet__free_unpacked(sheet, NULL);
    return rc;
}

static const char notes_zh[] =
    "退出码：0 合格；1 不合格；2 用法错误或文件无法读取；3 未给 --vkey，签发者未核对。\n";
static const char notes_en[] =
    "exit codes: 0 good; 1 bad; 2 usage, or the file can not be read; 3 no --vkey, "
    "signer not checked.\n";

int gw_cmd_sheet_verify(struct gw_cmd_ctx *c, int argc, char **argv)
{
    const char *vkey = NULL, *path[1];
    const struct gw_cmd_opt opts[] = {
        {GW_OPT_TEXT, "--vkey", "FILE", &vkey, "签发网关公布的公钥（每行一个）",
         "published keys of the gateway, one a line"},
        {.type = GW_OPT_END},
    };
    const struct gw_cmd_usage usage = {"FILE [--vkey FILE]", opts, NULL, notes_zh, notes_en};
    size_t n;
    int rc = gw_cmd_parse(c, &usage, argc, argv, path, 1, &n);
    if (rc != GW_EXIT_GO_ON)
        return rc;
    if (n != 1) {
        gw_cmd_err(c, "请给出交接单文件", "name the sheet's file");
        return gw_cmd_usage_hint(c);
    }
    struct gw_buf file, keys, part;
    gw_buf_init(&file, 256u << 20);
    gw_buf_init(&keys, 1u << 20);
    gw_buf_init(&part, 96u << 20);
    struct gw_bytes text;
    enum gw_status st;
    rc = GW_EXIT_USAGE;
    if ((st = gw_file_read(path[0], &file)) != GW_OK)
        gw_cmd_file_failed(c, path[0], st);
    else if (vkey != NULL && (st = gw_file_read(vkey, &keys)) != GW_OK)
        gw_cmd_file_failed(c, vkey, st);
    else if (unwrap(gw_buf_view(&file), &text, &part) != GW_OK)
        rc = say(c, GW_EXIT_FAILED, "不合格：不是交接单，或签名部分已损坏",
                 "bad: not a batch sheet, or its signed part is damaged");
    else
        rc = judge(c, text, gw_buf_view(&part), gw_buf_view(&keys));
    gw_buf_fini(&file);
    gw_buf_fini(&keys);
    gw_buf_fini(&part);
    return rc;
}
