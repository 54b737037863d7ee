"""Regular expressions of form designers, matched in linear time.

Python's ``re`` backtracks, so one bad pattern could hold a worker for hours.
The engine inside pydantic-core (Rust's ``regex``) has no backtracking: time
grows with text times pattern, and what it cannot do in linear time
(look-around, back-references) it refuses when the form is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

MAX_PATTERN = 500
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"

# In a browser \d and \w are ASCII; in Rust they are not, unless written out.
_ASCII = {"d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]"}


class Pattern:
    """A compiled pattern; it matches anywhere in the text, like form-js's."""

    __slots__ = ("_validator", "text")

    def __init__(self, text: str) -> None:
        """Compile ``text``.

        Raises:
            ValueError: it is no pattern that can be matched in linear time.
        """
        if len(text) > MAX_PATTERN:
            raise ValueError(f"it is longer than {MAX_PATTERN} characters")
        rust = re.sub(r"\\(.)", lambda found: _ASCII.get(found[1], found[0]), text, flags=re.DOTALL)
        schema = core_schema.str_schema(pattern=rust, regex_engine="rust-regex")
        try:
            self._validator = SchemaValidator(schema)
        except SchemaError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise ValueError(lines[-1]) from error
        self.text = text

    def matches(self, value: str) -> bool:
        """Say whether the pattern occurs in ``value``."""
        try:
            self._validator.validate_python(value)
        except ValidationError:
            return False
        return True


def compiled(text: object, error: Callable[[str, str, str], None]) -> Pattern | None:
    """Return the pattern that a form gives, None where it gives none.

    Args:
        error: takes code, message and hint of what is wrong with it.
    """
    if not text:
        return None
    try:
        return Pattern(str(text))
    except ValueError as problem:
        hint = "Use a pattern without look-around and back-references."
        error("form-pattern", f"The pattern cannot be used: {problem}.", hint)
        return None
