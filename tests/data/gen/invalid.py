"""Documents that must be refused, with the reason: invalid/ and invalid/expected.tsv (file, format, reason).

The reason is that of the document, or of its only record. Where parsers may disagree about which of two faults comes
first, the reasons are joined by |.
"""
import json

import texts
import wire

AGENCY = texts.AGENCIES[0].uscc
GOOD = [("CF_XDR_MC", "绍兴鉴湖纺织有限公司"), ("CF_XDR_LB", "法人及非法人组织"), ("CF_XDR_SHXYM", "91330602MA2TT00136"),
        ("CF_XDR_GSZC", ""), ("CF_XDR_ZZJG", ""), ("CF_XDR_SWDJ", ""), ("CF_XDR_SYDW", ""), ("CF_XDR_SHZZ", ""),
        ("CF_FRDB", "沈澄砚"), ("CF_FR_ZJLX", ""), ("CF_FR_ZJHM", ""), ("CF_WSH", "绍市监处罚〔2026〕123号"),
        ("CF_WFXW", "发布虚假广告"), ("CF_SY", "宣称销量全国第一，与实际不符。"), ("CF_YJ", "《中华人民共和国广告法》第五十五条第一款"),
        ("CF_CFLB", "罚款"), ("CF_NR", "罚款2000元。"), ("CF_NR_FK", "0.2"), ("CF_NR_WFFF", ""), ("CF_NR_ZKDX", ""),
        ("CF_JDRQ", "2026/03/05"), ("CF_YXQ", "2099/12/31"), ("CF_GSJZQ", ""), ("CF_CFJG", "绍兴市市场监督管理局"),
        ("CF_CFJGDM", AGENCY), ("CF_SJLY", "绍兴市市场监督管理局"), ("CF_SJLYDM", AGENCY), ("BZ", "")]

NATIONAL = "national.penalty.org@2018"
SUZHOU = "suzhou.penalty@1"
CANONICAL = "canonical.record@1"
LIST = "common.list@1"
ENTRY = {"id": "MD1", "ztlb": "法人及非法人组织", "mdlxid": "market-serious", "ztmc": "绍兴鉴湖纺织有限公司",
         "tyshxydm": "91330602MA2TT00136", "fddbr": "沈澄砚", "zjhm": "", "rdbm": "绍兴市市场监督管理局",
         "rdyj": "《市场监督管理严重违法失信名单管理办法》第五条", "rdrq": "2026-03-05", "yxqz": "2029-03-05", "lrmdsy": "情节严重",
         "inserttime": "2026-03-06 09:00:00"}
SCORE = "municipal.score@1"
RATED = {"fdmchxm": "沈澄砚", "zjlx": "身份证", "zjhm": "330602190001019910", "pfbz": "shaoxing", "pfbb": "2026", "fs": "700",
         "sjrq": "2026-11-20"}


def package(records, **more):
    return wire.xml_package(records, resource="national.penalty", sender="330000", receiver="330600", area="330600",
                            name="invalid", **more)


def changed(**fields):
    return wire.xml_record([(c, fields.get(c, v)) for c, v in GOOD])


def documents():
    good = wire.xml_record(GOOD)
    text = package([good])
    yield "truncated.xml", NATIONAL, text[:len(text) // 2], "input-truncated|malformed-xml"
    yield "empty.xml", NATIONAL, "", "input-truncated|malformed-xml"
    declared, rest = text.split("\n", 1)
    yield "dtd.xml", NATIONAL, f'{declared}\n<!DOCTYPE {wire.XML_ROOT} SYSTEM "package.dtd">\n{rest}', "xml-dtd"
    yield ("external-entity.xml", NATIONAL,
           f'{declared}\n<!DOCTYPE {wire.XML_ROOT} [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
           + rest.replace("宣称", "&x;"), "xml-dtd|xml-entity")
    laughs = "".join(f'<!ENTITY l{i} "{("&l%d;" % (i - 1)) * 10}">' for i in range(1, 10))
    yield ("billion-laughs.xml", NATIONAL, f'{declared}\n<!DOCTYPE {wire.XML_ROOT} [<!ENTITY l0 "ha">{laughs}]>\n'
           + rest.replace("宣称", "&l9;"), "xml-dtd|xml-entity")
    yield "entity.xml", NATIONAL, text.replace("宣称", "&nbsp;宣称"), "xml-entity|malformed-xml"
    yield "deep.xml", NATIONAL, f"{declared}\n" + "<a>" * 5000 + "</a>" * 5000, "xml-depth|xml-root"
    yield "deep-inside.xml", NATIONAL, text.replace("<BZ></BZ>", "<BZ>" + "<b>" * 300 + "</b>" * 300 + "</BZ>"), "xml-depth|malformed-package|field-unknown"
    yield "bad-utf8.xml", NATIONAL, text.encode().replace("发布".encode(), b"\xe5\x8f\xff\xe5\xb8\x83"), "utf8-invalid|malformed-xml"
    yield "overlong-utf8.xml", NATIONAL, text.encode().replace(b"CF_WSH>", b"CF_WSH>\xc0\xaf", 1), "utf8-invalid|malformed-xml"
    yield "nul.xml", NATIONAL, text.encode().replace("发布".encode(), b"\0"), "malformed-xml|utf8-invalid|value-charset"
    yield "control-character.xml", NATIONAL, text.replace("发布", "&#1;"), "malformed-xml|xml-entity|value-charset"
    yield "gbk.xml", NATIONAL, text.replace('encoding="UTF-8"', 'encoding="GBK"').encode("gbk"), "charset-unknown|utf8-invalid|malformed-xml"
    yield "unclosed.xml", NATIONAL, text.replace("</CF_WSH>", "</CF_WHS>"), "malformed-xml"
    yield "two-roots.xml", NATIONAL, text + f"<{wire.XML_ROOT}/>", "malformed-xml"
    yield "root.xml", NATIONAL, f"{declared}\n<html><body/></html>\n", "xml-root"
    yield "count.xml", NATIONAL, package([good], count=2), "batch-count"
    yield "digest.xml", NATIONAL, package([good], body_digest="0" * 64), "batch-digest"
    yield "field-repeated.xml", NATIONAL, package([good.replace("<BZ>", "<BZ></BZ><BZ>")]), "field-repeated"
    yield "field-missing.xml", NATIONAL, package([good.replace("<CF_WFXW>发布虚假广告</CF_WFXW>", "")]), "field-missing"
    yield "field-empty.xml", NATIONAL, package([changed(CF_WFXW="")]), "field-empty|field-missing"
    yield "field-too-long.xml", NATIONAL, package([changed(BZ="注" * 513)]), "field-too-long"
    yield "field-huge.xml", NATIONAL, package([changed(BZ="注" * 100000)]), "field-too-long|message-too-large"
    yield "amount-text.xml", NATIONAL, package([changed(CF_NR_FK="二千元")]), "amount-invalid"
    yield "amount-negative.xml", NATIONAL, package([changed(CF_NR_FK="-0.2")]), "amount-invalid|value-range"
    yield "amount-precision.xml", NATIONAL, package([changed(CF_NR_FK="0.0000001")]), "amount-precision"
    yield "amount-huge.xml", NATIONAL, package([changed(CF_NR_FK="9999999999999.0")]), "amount-invalid|value-range"
    yield "amount-zero.xml", NATIONAL, package([changed(CF_NR_FK="0")]), "amount-missing|value-range|amount-invalid"
    yield "date-invalid.xml", NATIONAL, package([changed(CF_JDRQ="2026/02/30")]), "date-invalid"
    yield "date-style.xml", NATIONAL, package([changed(CF_JDRQ="05.03.2026")]), "date-invalid"
    yield "date-future.xml", NATIONAL, package([changed(CF_JDRQ="2088/08/08")]), "date-future"
    yield "date-order.xml", NATIONAL, package([changed(CF_GSJZQ="2026/03/04")]), "date-order"
    yield "kind-unknown.xml", NATIONAL, package([changed(CF_CFLB="罚站")]), "enum-unknown"
    yield "uscc-lower.xml", NATIONAL, package([changed(CF_XDR_SHXYM="91330602MA2TT0013")]), "uscc-length"
    yield "uscc-check.xml", NATIONAL, package([changed(CF_XDR_SHXYM="91330602MA2TT00137")]), "uscc-check"
    yield "uscc-placeholder.xml", NATIONAL, package([changed(CF_XDR_SHXYM="00000000000000000X")]), "uscc-placeholder"
    yield "licence-missing.xml", NATIONAL, package([changed(CF_CFLB="吊销许可证")]), "condition-missing"
    yield "taken-missing.xml", NATIONAL, package([changed(CF_CFLB="没收违法所得")]), "amount-missing"
    yield "legal-rep-id.xml", NATIONAL, package([changed(CF_FR_ZJLX="身份证", CF_FR_ZJHM="330602190001019911")]), "citizen-id-check"
    yield "legal-rep-kind.xml", NATIONAL, package([changed(CF_FR_ZJLX="身份证")]), "condition-missing|field-missing|field-empty"

    record = {"ADM_COUNTERPART": "绍兴鉴湖纺织有限公司", "ADM_COUNTERPART_CAT": "法人及非法人组织", "CERT_NUM": "91330602MA2TT00136"}
    whole = json.dumps(record, ensure_ascii=False)
    yield "truncated.json", SUZHOU, whole[:-9], "input-truncated|malformed-json"
    yield "empty.json", SUZHOU, "", "input-truncated|malformed-json"
    yield "key-repeated.json", SUZHOU, whole[:-1] + ', "CERT_NUM": "91330603MA2TT0021F"}', "json-key-repeated"
    yield "deep.json", SUZHOU, '{"data":' + "[" * 5000 + "]" * 5000 + "}", "json-depth|malformed-json"
    yield "bad-utf8.json", SUZHOU, whole.encode().replace("鉴湖".encode(), b"\xe9\xff"), "utf8-invalid|malformed-json"
    yield "lone-surrogate.json", SUZHOU, whole.replace("鉴湖", "\\ud800"), "malformed-json|utf8-invalid"
    yield "nul-escape.json", SUZHOU, whole.replace("鉴湖", "\\u0000"), "malformed-json|value-charset"
    yield "trailing-comma.json", SUZHOU, whole[:-1] + ",}", "malformed-json"
    yield "trailing-text.json", SUZHOU, whole + " x", "malformed-json"
    yield "comment.json", SUZHOU, "// packed by hand\n" + whole, "malformed-json"
    yield "nan.json", SUZHOU, whole[:-1] + ', "PENALTY": NaN}', "malformed-json"
    yield "raw-newline.json", SUZHOU, whole.replace("鉴湖", "鉴\n湖"), "malformed-json"
    yield "scalar.json", SUZHOU, "42", "malformed-package|malformed-json|value-type"
    yield "object-for-text.json", SUZHOU, json.dumps(dict(record, CERT_NUM={"a": 1}), ensure_ascii=False), "value-type"
    yield "list-for-text.json", SUZHOU, json.dumps(dict(record, CERT_NUM=["91330602MA2TT00136"]), ensure_ascii=False), "value-type"

    def entry(**fields):
        return json.dumps(dict(ENTRY, **fields), ensure_ascii=False)

    yield "list-person-with-code.json", LIST, entry(ztlb="自然人", zjhm="330602190001019910"), "field-forbidden"
    yield "list-firm-with-number.json", LIST, entry(zjhm="330602190001019910"), "field-forbidden"
    yield "list-firm-without-code.json", LIST, entry(tyshxydm=""), "condition-missing"
    yield "list-kind.json", LIST, entry(mdlxid="黑名单"), "enum-unknown"
    yield "list-basis.json", LIST, entry(rdyj=""), "field-missing"
    yield "list-end.json", LIST, entry(yxqz="2025-01-01"), "date-order"
    yield "list-removal.json", LIST, entry(yccrq="2026-05-01"), "condition-missing"
    yield "score-decimals.json", SCORE, json.dumps(dict(RATED, fs="700.125"), ensure_ascii=False), "value-range"
    yield "score-negative.json", SCORE, json.dumps(dict(RATED, fs="-1"), ensure_ascii=False), "value-type"
    yield "score-future.json", SCORE, json.dumps(dict(RATED, sjrq="2088-08-08"), ensure_ascii=False), "date-future"

    yield "random.pb", CANONICAL, bytes((i * 37 + 11) & 255 for i in range(64)), "malformed-protobuf"
    yield "truncated.pb", CANONICAL, b"\x22\x40\x0a\x0c", "malformed-protobuf|input-truncated"
    yield "overlong-varint.pb", CANONICAL, b"\x10" + b"\xff" * 11, "malformed-protobuf"
    yield "bad-utf8.pb", CANONICAL, b"\x22\x04\x12\x02\xff\xfe", "malformed-protobuf|utf8-invalid"
    yield "wrong-wire-type.pb", CANONICAL, b"\x22\x02\x10\x01", "malformed-protobuf|field-missing"


def write(out):
    rows = [("file", "format", "reason")]
    for name, fmt, content, reason in documents():
        out(f"invalid/{name}", content)
        rows.append((name, fmt, reason))
    out("invalid/expected.tsv", rows)
