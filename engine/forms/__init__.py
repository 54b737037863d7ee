"""Forms: what a form-js or JSON schema asks for, and whether data fit it.

    form, findings = forms.read(content, filename="accept.form.json")
    form, findings = forms.read_schema(File("accept-schema.json", content), ui)
    form = forms.filled(form, reference.in_force)               # choices of lists
    clean = forms.validate(form, data, known={**visible, "outcome": outcome})
    clean = forms.validate_free(data, writes=node.writes)      # a task without a form

Pure: no database, no clock. Pages draw what is judged here.
"""

from __future__ import annotations

from engine.forms.fields import choices_of
from engine.forms.jsonschema import File, is_schema, key_of, load, read_schema
from engine.forms.model import Choice, Component, Form
from engine.forms.reader import choice, read
from engine.forms.sources import Rows, fill_schema, filled, has_sources
from engine.forms.validation import hidden, validate, validate_free
from engine.forms.values import check_json

__all__ = [
    "Choice",
    "Component",
    "File",
    "Form",
    "Rows",
    "check_json",
    "choice",
    "choices_of",
    "fill_schema",
    "filled",
    "has_sources",
    "hidden",
    "is_schema",
    "key_of",
    "load",
    "read",
    "read_schema",
    "validate",
    "validate_free",
]
