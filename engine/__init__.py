"""Bihuan (闭环): a BPMN case-handling engine for the closed loops of grassroots governance."""

__version__ = "0.1.0"
