"""DMN 1.1 to 1.5: read once, evaluated in process, explained and checked.

A decision is a pure function of the data it is given and of the command's moment: FEEL
(``engine/feel``) has no I/O and no unbounded loop.
"""

from __future__ import annotations

from engine.decisions.checks import check
from engine.decisions.differences import Version, compare, is_same
from engine.decisions.differences import sentences as differing
from engine.decisions.evaluation import SHAPES, evaluate, shape
from engine.decisions.examples import SUFFIX as EXAMPLES
from engine.decisions.examples import Block, Try
from engine.decisions.examples import blocks as example_blocks
from engine.decisions.examples import check as check_examples
from engine.decisions.examples import tried as tried_examples
from engine.decisions.explaining import explain, feel_text, sentences
from engine.decisions.importing import Imported, import_rules
from engine.decisions.model import Decision, DecisionResult, Model, Service
from engine.decisions.reader import imported, namespace_of, read, read_files
from engine.decisions.tables import Input, Output, Rule

__all__ = [
    "EXAMPLES",
    "SHAPES",
    "Block",
    "Decision",
    "DecisionResult",
    "Imported",
    "Input",
    "Model",
    "Output",
    "Rule",
    "Service",
    "Try",
    "Version",
    "check",
    "check_examples",
    "compare",
    "differing",
    "evaluate",
    "example_blocks",
    "explain",
    "feel_text",
    "import_rules",
    "imported",
    "is_same",
    "namespace_of",
    "read",
    "read_files",
    "sentences",
    "shape",
    "tried_examples",
]
