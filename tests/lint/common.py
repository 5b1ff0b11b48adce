"""What the lints share: the tree's files, C without comments, the report, the self test."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def c_files(root, *folders):
    for folder in folders:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".c", ".h", ".cc", ".def") and file.is_file():
                yield file


def tracked(root):
    """Files of the commit to come; all files when root is no repository (the self tests)."""
    if (root / ".git").exists():
        out = subprocess.run(["git", "-C", root, "ls-files", "-z"], check=True, capture_output=True).stdout
        return [root / name for name in out.decode().split("\0") if name and (root / name).is_file()]
    return sorted(f for f in root.rglob("*") if f.is_file())


STRING_OR_COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text):
    """Comments and the insides of strings blanked, line numbers kept."""
    def blank(match):
        found = match.group()
        body = re.sub(r"[^\n]", " ", found[1:-1])
        return '"' + body + '"' if found[0] == '"' else re.sub(r"[^\n]", " ", found)
    return STRING_OR_COMMENT.sub(blank, text)


class Report:
    def __init__(self, root):
        self.root = root
        self.lines = []

    def add(self, file, line, text):
        where = file.relative_to(self.root) if isinstance(file, pathlib.Path) else file
        self.lines.append(f"{where}:{line}: {text}")


def self_test(check, cases):
    """cases: name -> ({path: text}, [texts the report must have, in any order]; empty list: it must be silent)."""
    failed = 0
    for name, (files, wanted) in cases.items():
        with tempfile.TemporaryDirectory() as scratch:
            root = pathlib.Path(scratch)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            report = Report(root)
            check(report)
        missing = [w for w in wanted if not any(w in line for line in report.lines)]
        if missing or len(report.lines) != len(wanted):
            failed += 1
            print(f"self test {name}: wanted {wanted}, got {report.lines}", file=sys.stderr)
    return failed


def main(check, cases, doc):
    if sys.argv[1:] == ["--help"]:
        print(doc.strip())
        return 0
    if sys.argv[1:] not in ([], ["--self-test"]):
        print(doc.strip(), file=sys.stderr)
        return 2
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test(check, cases) else 0
    report = Report(ROOT)
    check(report)
    print("\n".join(report.lines), file=sys.stderr, end="\n" if report.lines else "")
    return 1 if report.lines else 0
