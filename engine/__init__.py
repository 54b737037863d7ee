"""Bihuan (闭环): a BPMN case-handling engine for the closed loops of grassroots governance."""

from engine import compiled

__version__ = "0.1.0"

# Before anything else of this package is imported.
compiled.take()
