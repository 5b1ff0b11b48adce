"""The committed test data, read; and bulk records from the same generator."""
import csv
import functools
import random
import re
import sys

from .paths import DATA

sys.path.insert(0, str(DATA / "gen"))
import packages  # noqa: E402
import subjects  # noqa: E402

NATIONAL_ORG = "national.penalty.org@2018"
NATIONAL_PERSON = "national.penalty.person@2018"
PERMIT_ORG = "national.permit.org@2018"
PERMIT_PERSON = "national.permit.person@2018"
ZHEJIANG = "zhejiang.penalty.unified@1"
SUZHOU = "suzhou.penalty@1"
SUZHOU_PERMIT = "suzhou.permit@1"
CANONICAL = "canonical.record@1"
COMMON_LIST = "common.list@1"
SERIOUS_LIST = "zhejiang.list.serious@1"
RED_LIST = "zhejiang.list.red@1"
COURT_LIST = "national.list.court@1"
COURT_LIST_ZJ = "zhejiang.list.court@1"
SCORE = "municipal.score@1"
PENALTIES = (NATIONAL_ORG, NATIONAL_PERSON, ZHEJIANG, SUZHOU)
PERMITS = (PERMIT_ORG, PERMIT_PERSON, SUZHOU_PERMIT)
LISTS = (COMMON_LIST, SERIOUS_LIST, RED_LIST, COURT_LIST, COURT_LIST_ZJ)
XML = (NATIONAL_ORG, NATIONAL_PERSON, PERMIT_ORG, PERMIT_PERSON)


def table(path):
    with open(DATA / path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def package_path(fmt, name=None):
    return DATA / "formats" / fmt / (name or ("package.xml" if fmt in XML else "package.json"))


def package(fmt, name=None):
    return package_path(fmt, name).read_bytes()


def records(fmt, name=None):
    """The bytes of each record of a package."""
    content = package(fmt, name)
    if fmt in XML:
        return re.findall(rb"<record>.*?</record>", content, re.S)
    lines = (line.rstrip(b",") for line in content.split(b"\n"))
    return [line for line in lines if line.startswith(b'{"') and line.endswith(b"}")]


def rows(fmt):
    return table(f"formats/{fmt}/rows.tsv")


def expected(fmt):
    """row number -> (outcome, {(reason, field)})"""
    found = {}
    for line in table(f"formats/{fmt}/expected.tsv"):
        outcome, problems = found.setdefault(int(line["row"]), (line["outcome"], set()))
        if line["reason"]:
            problems.add((line["reason"], line["field"]))
    return found


@functools.lru_cache(None)
def _subjects():
    rng = random.Random(20261123)
    persons = subjects.people(rng)
    return persons, subjects.firms(rng, persons)


def bulk(count, first=100000, seed=1):
    """`count` records of organisations in the national format, all different."""
    return [record for _, record in packages.bulk(count, *_subjects(), seed=seed, first=first)]


def private_texts():
    """What must never stand in logs, metrics, errors or unsealed in the store: of people and of sole traders."""
    people = table("people.tsv")
    found = {p["name"] for p in people} | {p["document_number"] for p in people}
    for f in table("firms.tsv"):
        if f["kind"].startswith("sole"):
            found |= {f["name"], f["registration_no"]} | ({f["uscc"]} if f["kind"] == "sole" else set())
    return {t for t in found if t}


def public_subject_texts():
    """Organisations: they may stand in the store, not in logs or errors."""
    return {t for f in table("firms.tsv") if not f["kind"].startswith("sole") for t in (f["name"], f["uscc"]) if t and not t.startswith("0000")}
