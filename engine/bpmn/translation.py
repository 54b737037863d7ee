"""Simple expressions of other engines, put into Python's words.

Operators, constants and property paths are; whatever else they can say is refused,
never guessed.
"""

from __future__ import annotations

import ast
import re

MAX_TRANSLATED = 2_000

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<mark>&&|\|\||==|!=|<=|>=|//|\*\*|[-+*/%<>!?:.,()\[\]{}=])
    )""",
    re.VERBOSE,
)
JUEL = {
    "&&": "and",
    "||": "or",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
    "div": "/",
    "mod": "%",
    "null": "None",
    "true": "True",
    "false": "False",
    "and": "and",
    "or": "or",
    "in": "in",
}
FEEL = {
    "=": "==",
    "null": "None",
    "true": "True",
    "false": "False",
    "and": "and",
    "or": "or",
    "in": "in",
}
_UNARY = frozenset({"!", "not", "empty"})
# Zero and false are not empty.
_EMPTY = "({} in (None, '', [], {{}}))"
# Methods of texts and lists, and of the engine that keeps the data -> what says the same here.
_METHODS = {
    "size": "len({0})",
    "length": "len({0})",
    "isEmpty": "len({0}) == 0",
    "contains": "{1} in {0}",
    "equals": "{0} == {1}",
}
_VARIABLES = {"getVariable": "value({0})", "hasVariable": "value({0}) is not None"}
# FEEL counts from 1 and filters with brackets; its choices and loops read differently.
_FEEL_ONLY = frozenset({"[", "{", "if", "for", "some", "every", "between", "instance"})
# Objects of the engines those expressions were written for.
_FOREIGN = frozenset({"execution", "caseExecution", "authenticatedUserId", "connector", "task"})
WRITE_PYTHON = "Write it as an expression of the sandbox, as in: amount > 100 and kind == 'road'."


class TextError(Exception):
    """A text means nothing that can be run; the reader turns this into a finding."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def marked_parts(text: str) -> list[tuple[str, bool]]:
    """Split at ``${…}`` and ``#{…}``; True marks what stood inside."""
    parts: list[tuple[str, bool]] = []
    position = 0
    for found in re.finditer(r"[$#]\{", text):
        if found.start() < position:
            continue
        end = _closing(text, found.end())
        if found.start() > position:
            parts.append((text[position : found.start()], False))
        parts.append((text[found.end() : end], True))
        position = end + 1
    if position < len(text):
        parts.append((text[position:], False))
    return parts


def _closing(text: str, position: int) -> int:
    depth, quote = 1, ""
    for index in range(position, len(text)):
        letter = text[index]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
            if not depth:
                return index
    raise TextError("expression-refused", f"{text!r} opens ${{ and never closes it.", "Add the }.")


def translate(text: str, words: dict[str, str]) -> str:
    """Put a simple expression of another engine into Python's words."""
    tokens = _tokens(text)
    try:
        return _translated(tokens, words, text)
    except TextError as refusal:
        instead = _instead(tokens, words, text)
        if instead is None or words is FEEL:
            raise
        hint = f"Write it as {instead}"
        raise TextError(refusal.code, refusal.message, hint) from None


def _translated(tokens: list[tuple[str, str]], words: dict[str, str], text: str) -> str:
    for index, (kind, word) in enumerate(tokens):
        follows = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        if kind == "name" and (word in _FOREIGN - {"task"} or (word == "task" and follows == ".")):
            raise _refused(text, f"{word!r} is an object of another engine")
        if word == "?" or (words is FEEL and word in _FEEL_ONLY):
            raise _refused(text, f"{word!r} is not translated")
    try:
        tree = ast.parse(_join(tokens, words, text), mode="eval")
        result = ast.unparse(tree)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _refused(text, "it cannot be read") from None
    if any(isinstance(one, ast.Compare) and len(one.ops) > 1 for one in ast.walk(tree)):
        raise _refused(text, "a chain of comparisons means something else in Python")
    return result


def _refused(text: str, why: str) -> TextError:
    return TextError(
        "expression-refused", f"{text.strip()!r} is not translated: {why}.", WRITE_PYTHON
    )


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_TRANSLATED:
        raise _refused(text[:60] + "…", "it is too long")
    tokens: list[tuple[str, str]] = []
    position, text = 0, text.strip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _refused(text, f"{text[position]!r} has no meaning there")
        kind = found.lastgroup or ""
        tokens.append((kind, found.group(kind)))
        position = found.end()
    if not tokens:
        raise _refused(text, "it is empty")
    return tokens


def _join(
    tokens: list[tuple[str, str]], words: dict[str, str], text: str, *, calls: bool = False
) -> str:
    """Return the tokens in Python's words; with ``calls`` methods stay as they are."""
    pieces: list[str] = []
    index = 0
    while index < len(tokens):
        kind, word = tokens[index]
        if word == "not" and kind == "name" and _is_part(tokens, index):
            pieces.append(word)
            index += 1
        elif kind != "string" and word in _UNARY:
            end = _operand(tokens, index + 1)
            operand = _join(tokens[index + 1 : end], words, text, calls=calls)
            pieces.append(_EMPTY.format(operand) if word == "empty" else f"(not {operand})")
            index = end
        elif word == "." and calls and index + 2 < len(tokens) and tokens[index + 2][1] == "(":
            pieces.append(f".{tokens[index + 1][1]}")
            index += 2
        elif word == ".":
            if index + 2 < len(tokens) and tokens[index + 2][1] == "(":
                raise _refused(text, "methods are not called")
            if index + 1 == len(tokens) or tokens[index + 1][0] != "name":
                raise _refused(text, "a name must follow the point")
            pieces.append(f"[{tokens[index + 1][1]!r}]")
            index += 2
        else:
            pieces.append(word if kind == "string" else words.get(word, word))
            index += 1
    return " ".join(pieces)


def _is_part(tokens: list[tuple[str, str]], index: int) -> bool:
    """Whether a ``not`` belongs to Python's ``is not`` or ``not in``, and denies nothing itself."""
    before = tokens[index - 1] if index else ("", "")
    after = tokens[index + 1] if index + 1 < len(tokens) else ("", "")
    return before == ("name", "is") or after == ("name", "in")


def _operand(tokens: list[tuple[str, str]], index: int) -> int:
    """Return where the operand of a unary word ends: a primary with its trailers."""
    while index < len(tokens) and tokens[index][0] != "string" and tokens[index][1] in _UNARY:
        index += 1
    if index < len(tokens) and tokens[index][1] not in "([":
        index += 1
    while index < len(tokens):
        kind, word = tokens[index]
        if kind == "mark" and word in "([":
            index = _group(tokens, index)
        elif word == ".":
            index += 2
        else:
            break
    return min(index, len(tokens))


def _group(tokens: list[tuple[str, str]], index: int) -> int:
    depth = 0
    for position in range(index, len(tokens)):
        if tokens[position][0] == "mark":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(tokens[position][1], 0)
        if not depth:
            return position + 1
    return len(tokens)


# -- what would do instead ---------------------------------------------------------------


def _instead(tokens: list[tuple[str, str]], words: dict[str, str], text: str) -> str | None:
    """Return how what is refused can be said in Python, where that is plain."""
    try:
        joined = _join_choice(tokens, words, text)
        tree = _Calls().visit(ast.parse(joined, mode="eval"))
        found = ast.unparse(tree)
    except (TextError, SyntaxError, ValueError, MemoryError, RecursionError, IndexError):
        return None
    for one in ast.walk(tree):
        foreign = isinstance(one, ast.Name) and one.id in _FOREIGN
        if foreign or (isinstance(one, ast.Compare) and len(one.ops) > 1):
            return None
    return found


def _join_choice(tokens: list[tuple[str, str]], words: dict[str, str], text: str) -> str:
    """Return tokens with a choice (``a ? b : c``) in Python's words."""
    depth, marks = 0, []
    for index, (kind, word) in enumerate(tokens):
        if kind == "mark":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(word, 0)
            if not depth and word in "?:":
                marks.append((index, word))
    if not marks:
        return _join(tokens, words, text, calls=True)
    first = marks[0][0]
    nested = 0
    for index, word in marks:
        nested += 1 if word == "?" else -1
        if not nested:
            asked, taken, other = tokens[:first], tokens[first + 1 : index], tokens[index + 1 :]
            parts = (_join_choice(one, words, text) for one in (taken, asked, other))
            return "({} if {} else {})".format(*parts)
    raise _refused(text, "it cannot be read")


class _Calls(ast.NodeTransformer):
    """Puts calls of methods into functions that are on offer."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Return the opposite of a comparison: ``not`` binds otherwise in the other language."""
        self.generic_visit(node)
        held = node.operand
        if isinstance(node.op, ast.Not) and isinstance(held, ast.Compare) and len(held.ops) == 1:
            opposite = _OPPOSITES.get(type(held.ops[0]))
            if opposite is not None:
                return ast.Compare(held.left, [opposite()], held.comparators)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Return what says the same as a call of a method.

        Raises:
            ValueError: nothing plainly does.
        """
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return node
        held, arguments = node.func.value, [ast.unparse(one) for one in node.args]
        if isinstance(held, ast.Name) and held.id == "execution":
            pattern = _VARIABLES.get(node.func.attr)
        else:
            pattern = _METHODS.get(node.func.attr)
            arguments = [ast.unparse(held), *arguments]
        if pattern is None or node.keywords or len(arguments) != len(set(_PLACES.findall(pattern))):
            raise ValueError(node.func.attr)
        return ast.parse(f"({pattern.format(*arguments)})", mode="eval").body


_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_PLACES = re.compile(r"\{\d\}")
