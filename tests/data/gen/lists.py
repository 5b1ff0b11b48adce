"""Packages of lists and scores: who stands on which list, by whom and until when, as each sender writes it."""
import datetime
import itertools
import json
import random

import texts
import wire
from cases import years_later
from dialects import is_person, stamp
from ids import FILLER
from subjects import TODAY

# list, its name, body (number of texts.AGENCIES), basis, reason, years
LISTS = [
    ("tax-serious", "重大税收违法失信主体", 10, "《重大税收违法失信主体信息公布管理办法》第六条", "少缴税款一百万元以上且占应纳税额百分之十以上", 3),
    ("wage-arrears", "拖欠农民工工资失信联合惩戒对象名单", 9, "《保障农民工工资支付条例》第四十八条", "拖欠农民工工资，经责令限期支付逾期仍未支付", 3),
    ("market-serious", "市场监督管理严重违法失信名单", 0, "《市场监督管理严重违法失信名单管理办法》第五条", "生产销售不符合食品安全标准的食品，情节严重", 3),
    ("zhejiang-red", "浙江省守信红名单", 0, "《浙江省公共信用信息管理条例》第二十一条", "连续三年评为诚信示范单位", 2),
]
SERIOUS_REASONS = ("列入经营异常名录届满三年仍未履行相关义务", "提交虚假材料骗取登记被撤销登记", "侵犯商业秘密受到较重行政处罚")
RED_TYPES = ("A级纳税人", "守合同重信用企业", "安全生产标准化企业", "劳动关系和谐企业")
COURTS = [("绍兴市越城区人民法院", "330602", "C61"), ("绍兴市柯桥区人民法院", "330603", "C62"), ("诸暨市人民法院", "330681", "C64"),
          ("新昌县人民法院", "330624", "C66")]
DEFAULTS = ("有履行能力而拒不履行生效法律文书确定义务", "违反财产报告制度", "以隐匿、转移财产方法规避执行")
PERFORMANCES = ("全部未履行", "部分未履行", "全部已履行")


class Entry:
    """One subject on one list."""

    def __init__(self, rng, i, subject):
        self.i = i
        self.subject = subject
        self.decided = TODAY - datetime.timedelta(days=rng.randrange(60, 500))
        self.removed = self.decided + datetime.timedelta(days=50) if i % 8 == 5 else None
        self.wsh = ""


def category(s):
    return "自然人" if is_person(s) else s.category


def dash(day):
    return day.isoformat() if day else ""


def common(e):
    name, kind, agency, basis, reason, years = LISTS[e.i % len(LISTS)]
    s, who = e.subject, texts.AGENCIES[agency]
    e.wsh = f"MD2026{e.i:06d}"
    ends = dash(years_later(e.decided, years))
    if name == "zhejiang-red":  # the others end by law
        ends = {6: "9999-09-09", 3: "2099-12-31"}.get(e.i % 7, ends)
    number = s.doc_number if is_person(s) else ""
    if e.i % 9 == 2 and number:
        number = masked(number)
    return [
        ("id", e.wsh), ("ztlb", category(s)), ("mdlxid", kind if e.i % 3 == 1 else name), ("ztmc", s.name),
        ("tyshxydm", "" if is_person(s) else s.uscc), ("fddbr", "" if is_person(s) else s.rep.name), ("zjhm", number),
        ("rdbm", who.name), ("rdyj", basis), ("rdrq", dash(e.decided)), ("yxqz", ends), ("lrmdsy", reason),
        ("inserttime", f"{dash(e.decided)} 09:{e.i % 60:02d}:00"), ("yccrq", dash(e.removed)),
        ("ycsy", "信用修复" if e.removed else ""), ("ssbm", who.name if e.i % 2 else ""), ("jclxmc", kind), ("jclxms", ""),
        ("glbwl", "发改财金〔2016〕2798号" if e.i % 5 == 4 else ""), ("hhmdlx", "红" if name == "zhejiang-red" else "黑")]


def serious(e):
    s, who = e.subject, texts.AGENCIES[e.i % 3]
    e.wsh = f"YZWF33060{e.i:07d}"
    clock = "00:00:00" if e.i % 2 else "16:20:31"
    return [
        ("illid", e.wsh), ("pripid", f"3306{e.i:012d}"), ("uniscid", s.uscc), ("entname", s.name),
        ("abntime", stamp(e.decided, clock)), ("serillrea_cn", SERIOUS_REASONS[e.i % 3]), ("decorg_cn", who.name),
        ("remexcpres_cn", "列入严重违法失信名单届满，未再发生违法行为" if e.removed else ""), ("remdate", stamp(e.removed)),
        ("recorg_cn", who.name if e.removed else "")]


def red(e):
    s, who = e.subject, texts.AGENCIES[e.i % len(texts.AGENCIES)]
    e.wsh = f"{who.mark.rstrip('罚决处')}认〔{e.decided.year}〕{e.i + 1}号" if e.i % 4 else ""
    return [
        ("id", f"RED{e.i:08d}"), ("xydm", s.uscc), ("mc", s.name), ("rd_xydm", who.uscc), ("rd_mc", who.name),
        ("rdsj", stamp(e.decided, "09:00:00") if e.i % 5 == 2 else dash(e.decided)), ("hmdlx", RED_TYPES[e.i % 4]), ("rdwsh", e.wsh)]


def masked(number):
    """As courts publish it: four asterisks in the middle."""
    cut = len(number) - 8 if len(number) >= 12 else len(number) // 2 - 1
    return number[:cut] + "****" + number[cut + 4:]


def case_no(e, year):
    return f"（{year}）浙{COURTS[e.i % 4][1][2:]}执{800 + e.i}号"


def duty(e):
    return f"归还借款本金{(e.i + 3) * 10000}元及利息，{e.subject.name}负担案件受理费。"


def parts(e):
    done = PERFORMANCES[e.i % 3]
    return (done, "暂无" if done == "全部未履行" else f"{e.i * 1000}元", "" if done == "全部已履行" else "其余款项")


def chinese(day, i):
    return f"{day.year}年{day.month:02d}月{day.day:02d}日" if i % 6 else f"{day.year}年{day.month}月{day.day}日"


def national_court(e):
    """Numbers, an age of 0 for firms and an array, as the site writes them; numbers masked but for a few."""
    s = e.subject
    court, _, _ = COURTS[e.i % 4]
    filed = e.decided - datetime.timedelta(days=30)
    e.wsh = case_no(e, filed.year)
    done, performed, rest = parts(e)
    number = s.doc_number if is_person(s) else s.uscc if e.i % 4 == 3 else s.orgcode or s.uscc
    rep = None if is_person(s) else s.rep
    return [
        ("id", 700100000 + e.i), ("iname", s.name), ("caseCode", e.wsh), ("age", s.age if is_person(s) else 0),
        ("sexy", s.sex + "性" if is_person(s) else ""), ("cardNum", number if e.i % 5 == 3 else masked(number)),
        ("businessEntity", rep.name if rep else ""), ("courtName", court), ("areaName", "浙江"),
        ("partyTypeName", "580" if is_person(s) else "581"), ("gistId", f"（{filed.year - 1}）浙0602民初{3000 + e.i}号"),
        ("regDate", chinese(filed, e.i)), ("gistUnit", court), ("duty", duty(e)), ("performance", done), ("performedPart", performed),
        ("unperformPart", rest), ("disruptTypeName", DEFAULTS[e.i % 3]), ("publishDate", chinese(e.decided, e.i + 1)),
        ("qysler", [{"cardNum": masked(rep.doc_number), "corporationtypename": "法定代表人", "iname": rep.name}] if rep else [])]


def zhejiang_court(e):
    s = e.subject
    court, area, code = COURTS[e.i % 4]
    filed = e.decided - datetime.timedelta(days=30)
    e.wsh = case_no(e, filed.year)
    done, performed, rest = parts(e)
    person = is_person(s)
    return [
        ("fydm", code), ("bzxrmc", s.name), ("sfzhm", s.doc_number if person else ""),
        ("zzjgdm", "" if person else s.orgcode if s.orgcode and e.i % 2 else s.uscc), ("fddbr", "" if person else s.rep.name),
        ("zxfy", court), ("zxyjwh", f"（{filed.year - 1}）浙0602民初{3000 + e.i}号"), ("larq", dash(filed)), ("ah", e.wsh),
        ("zczxyjdw", court), ("sxflwsqdyw", duty(e)), ("bzxrlxqk", done), ("fbrq", dash(e.decided)), ("sanh", f"{area}{e.i}"),
        ("sabh", ""), ("bzxrxh", str(e.i % 3 + 1)), ("ylxbf", performed), ("wlxbf", rest), ("sxid", f"SX{e.i:010d}"),
        ("xb", s.sex if person else ""), ("bzxrxz", "自然人" if person else ("法人", "其他组织")[e.i % 2]),
        ("csrq", s.birth.isoformat() if person else ""), ("sxbzxrxwqk", DEFAULTS[e.i % 3])]


SCORES = ("700", "612.5", "0", "999.99", "1000", "550.00", "649.99", "0.01", "83.40", "750")


def score(e):
    s = e.subject
    e.wsh = "shaoxing" if e.i % 4 else "绍兴个人信用分"
    return [
        ("fdmchxm", s.name), ("zjlx", s.doc_kind), ("zjhm", s.doc_number), ("pfbz", e.wsh), ("pfbb", "2026"),
        ("fs", SCORES[e.i % len(SCORES)]), ("sjrq", dash(TODAY - datetime.timedelta(days=e.i % 40))),
        ("jg", "绍兴市公共信用信息中心" if e.i % 3 else ""), ("jgdm", texts.DATA_CENTRE.uscc if e.i % 3 else ""),
        ("bz", "复核" if e.i % 10 == 9 else "")]


def json_record(fields):
    """Values as the sender has them: texts, numbers, arrays."""
    return json.dumps(dict(fields), ensure_ascii=False, separators=(",", ":"))


def array_package(records):
    return "[\n" + ",\n".join(records) + "\n]\n"


def subject_class(s):
    return "person" if is_person(s) else "sole-trader" if s.kind.startswith("sole") else "organisation"


def rows_tsv(entries):
    yield ("row", "subject", "class", "document_no", "outcome")
    for n, e in enumerate(entries, 1):
        yield (str(n), e.subject.id, subject_class(e.subject), e.wsh, "new")


def write(out, persons, firms):
    rng = random.Random(20261124)
    wanted = ("penalised", "both", "permitted")
    coded = [f for f in firms if f.outcome in wanted and f.uscc != FILLER]
    known = [p for p in persons if p.outcome in wanted and p.doc_kind == "身份证"]
    rated = [p for p in persons if p.outcome in wanted + ("adult", "adult-today")]

    def package(fmt, who, count, writer, pack):
        rng.shuffle(who)
        entries = [Entry(rng, i, s) for i, s in enumerate(itertools.islice(itertools.cycle(who), count))]
        records = [json_record(writer(e)) for e in entries]
        out(f"formats/{fmt}/package.json", pack(records))
        out(f"formats/{fmt}/rows.tsv", rows_tsv(entries))

    mixed = coded[:26] + known[:22]
    package("common.list@1", mixed, 48, common, array_package)
    package("zhejiang.list.serious@1", list(coded), 42, serious, wire.zhejiang_package)
    package("zhejiang.list.red@1", list(coded), 44, red, wire.zhejiang_package)
    defaulters = [f for f in coded if not f.kind.startswith("sole")][:24] + known[:24]
    package("national.list.court@1", list(defaulters), 48, national_court, array_package)
    package("zhejiang.list.court@1", list(defaulters), 48, zhejiang_court, wire.zhejiang_package)
    package("municipal.score@1", rated, 45, score, array_package)
