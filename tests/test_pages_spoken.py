"""What the engine says in English is told in Chinese on a Chinese page."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from api import create_app
from api.web import spoken
from engine import errors
from engine.bpmn import sentences
from engine.demo.city import PASSWORD
from engine.errors import EngineError

ROOT = Path(__file__).parent.parent
FOR_PROGRAMS = (
    "api/body.py", "api/current.py", "api/moments.py", "api/repeats.py", "api/routes",
    "engine/archive", "engine/backups.py", "engine/checkpoints", "engine/cli", "engine/compiled",
)  # fmt: skip
"""Where nobody refuses who looks at a page."""
OURS = {"Sec-Fetch-Site": "same-origin"}
REFUSALS = {
    name
    for name, one in vars(errors).items()
    if inspect.isclass(one) and issubclass(one, EngineError)
}
REFUSING = re.compile(rf"\b(?:{'|'.join(sorted(REFUSALS | {'Stuck'}))})\(")
LATIN = re.compile(r"[A-Za-z]{2,}(?: [a-z]+)+")


def texts(node):
    """Every text that an expression may be, with "7" for each value in it."""
    match node:
        case ast.Constant(value=str() as text):
            return [text]
        case ast.JoinedStr(values=parts):
            holes = ("'7'" if one.conversion == ord("r") else "7" for one in parts
                     if isinstance(one, ast.FormattedValue))  # fmt: skip
            return ["".join(one.value if isinstance(one, ast.Constant) else next(holes)
                            for one in parts)]  # fmt: skip
        case ast.BinOp(left=left, right=right):
            return [one + other for one in texts(left) for other in texts(right)]
        case ast.IfExp(body=body, orelse=other):
            return texts(body) + texts(other)
    return []


def called(node):
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def said():
    """(where, text) of what refusals and incidents say in a place that pages reach."""
    for path in sorted([*ROOT.glob("engine/**/*.py"), *ROOT.glob("api/**/*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(FOR_PROGRAMS):
            continue
        source = path.read_text("utf-8")
        if not REFUSING.search(source):
            continue
        for line, text in of(functions(ast.parse(source))):
            yield f"{name}:{line}", text


def functions(tree):
    """The functions of a module and of its classes."""
    for one in tree.body:
        if isinstance(one, ast.ClassDef):
            yield from functions(one)
        elif isinstance(one, ast.FunctionDef):
            yield one


def of(found):
    for function in found:
        yield from within(list(ast.walk(function)))


def within(nodes):
    named = {}
    for one in nodes:
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            named.setdefault(one.targets[0].id, []).extend(texts(one.value))
    for one in nodes:
        name = called(one)
        if name not in REFUSALS | {"Stuck"}:
            continue
        given = [*one.args[name == "Stuck" : 1 + (name == "Stuck")],
                 *(each.value for each in one.keywords if each.arg == "hint")]  # fmt: skip
        for each in given:
            known = named.get(each.id, []) if isinstance(each, ast.Name) else texts(each)
            yield from ((one.lineno, text) for text in known)


def test_every_refusal_has_chinese_words():
    """Add what is missing to api/web/refusals.json: the English with {} for each value."""
    missing = [
        (where, text)
        for where, text in said()
        if LATIN.search(text)
        and not spoken._FOR_PROGRAMS.search(text)
        and spoken.in_chinese(text) is None
    ]

    assert missing == []


def test_every_value_of_a_refusal_stands_in_its_chinese_words():
    def holes(text):
        found = sentences.PLACE.findall(text)
        return {int(one) if one else at for at, one in enumerate(found)}

    assert [one for one, other in spoken.known().items() if not holes(other) <= holes(one)] == []


@pytest.fixture
def office(app):
    """Return a function from a user and a language to their browser."""

    def browser(name, language="zh"):
        client = create_app(app).test_client()
        client.post("/sign-in", data={"name": name, "password": PASSWORD}, headers=OURS)
        client.set_cookie("bihuan_language", language)
        return client

    return browser


def told(answer):
    page = answer.get_data(as_text=True)
    found = re.search(r'role="alert".*?<p>(.*?)</p>|<p class="note">(.*?)</p>', page, re.DOTALL)
    return "" if found is None else (found[1] or found[2]).strip()


@pytest.mark.parametrize(
    ("path", "form", "says"),
    [
        ("/admin/users", {"name": "bad name", "role": "visitor"},
         "“bad name”不能作用户名。 请用 1 到 64 个字母、数字、“.”、“_”或“-”。"),
        ("/admin/users", {"name": "admin", "role": "visitor"},
         "已有用户“admin”。 请换一个名称。"),
        ("/admin/people/nobody", None, "人员清单里没有编号为“nobody”的人。"),
        ("/admin/units/nowhere", None, "没有单位“nowhere”。"),
        ("/admin/lists/nothing", None, "没有清单“nothing”。 请看现行清单。"),
        ("/admin/lists/roles/row?key.code=nobody", None,
         "没有这一行。 请看清单里有哪些行。"),
    ],
)  # fmt: skip
def test_the_administration_refuses_in_chinese(office, path, form, says):
    admin = office("admin")
    answer = admin.get(path) if form is None else admin.post(path, data=form, headers=OURS)

    assert told(answer) == says


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("zh", "您没有权限这样做。 需要由系统管理员操作。"),
        ("en", "&#39;dept_handler&#39; may not manage users here. This needs Administrator."),
    ],
)
def test_a_forbidden_page_names_the_role_that_may(office, language, says):
    answer = office("dept_handler", language).get("/admin/users")

    assert (answer.status_code, told(answer)) == (403, says)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_that_is_not_there_speaks_of_no_calls(office, language):
    page = office("admin", language).get("/no/such/page").get_data(as_text=True)

    assert ("/api/v1/docs" in page.partition("<main")[2], "GET /" in page) == (False, False)
