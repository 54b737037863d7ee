"""Which findings the code can make: their codes and severities, read off its source."""

import ast
import re
from pathlib import Path

ENGINE = Path(__file__).parent.parent / "engine"
MAKERS = (
    "bpmn/**/*.py",
    "decisions/*.py",
    "forms/*.py",
    "deployments.py",
    "uploads.py",
    "papers.py",
    "unit_tests.py",
    "spiff/*.py",
)
KEBAB = re.compile(r"[a-z]+(-[a-z]+)*")
SEVERITIES = {
    "error": "error",
    "_error": "error",
    "TextError": "error",
    "warning": "warning",
    "_warn": "warning",
    "note": "note",
}
SPELLED_OUT = {
    "f'no-{word}'": ("no-error", "no-escalation"),
    "f'bad-{code.mode}'": ("bad-expression", "bad-script"),
}


def findings_made():
    """Code -> severities, from the calls that add findings."""
    found = {}
    for path in (path for folder in MAKERS for path in sorted(ENGINE.glob(folder))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                for code, severity in finding_codes(node):
                    found.setdefault(code, set()).add(severity)
    return found


def finding_codes(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = [
        *call.args[:2],
        *(one.value for one in call.keywords if one.arg in {"code", "severity"}),
    ]
    if name == "Finding":
        texts = [one.value for one in given if isinstance(one, ast.Constant)]
        return [tuple(texts[:2])] if len(texts) > 1 else []
    severity = SEVERITIES.get(name)
    if severity is None or not given:
        return []
    # helpers take the reading first
    code = given[1] if name in {"_error", "_warn"} and is_name(given[0], "reading") else given[0]
    joined = SPELLED_OUT.get(ast.unparse(code), ())
    texts = [one.value for one in ast.walk(code) if isinstance(one, ast.Constant)]
    return [(one, severity) for one in joined or texts if KEBAB.fullmatch(str(one))]


def is_name(node, name):
    return isinstance(node, ast.Name) and node.id == name
