"""Doubts about a process that can run: what its designer should look at again."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from engine.bpmn.lanes import STARTER
from engine.bpmn.model import ACTIVITIES, Flow, Kind, Node, Process, Scope
from engine.bpmn.reading import Reading
from engine.bpmn.structure import link_name
from engine.scripts import Code
from engine.scripts.code import tree_of

MAX_LOOK_BACK = 100
Ends = dict[tuple[Kind, str | None], list[str]]
_TRUE = ast.dump(ast.Constant(value=True))
# One way round is enough: the other condition of a pair is looked up by it.
_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
}
_BRANCHING = ACTIVITIES | {Kind.EXCLUSIVE, Kind.INCLUSIVE, Kind.COMPLEX}


def advise(process: Process, reading: Reading) -> None:
    """Add a warning for everything doubtful in one process."""
    for scope in process.scopes.values():
        _advise_start(scope, process, reading)
        _advise_conditions(scope, reading)
        _advise_outcomes(scope, process, reading)
        for node in scope.nodes.values():
            if node.kind is Kind.USER:
                _advise_task(node, reading)
    _advise_starter(process, reading)
    _advise_unreachable(process, reading)
    _advise_recursion(process, reading)


def _warn(reading: Reading, code: str, element: str, message: str, hint: str) -> None:
    at = reading.ids.get(element)
    place = (element, None if at is None else at.sourceline)
    reading.findings.warning(code, place, message, hint)


def _advise_start(scope: Scope, process: Process, reading: Reading) -> None:
    if scope.implicit_starts and not process.is_task:
        names = ", ".join(scope.implicit_starts)
        _warn(
            reading,
            "no-start-event",
            scope.id,
            f"There is no start event; what no flow leads to starts: {names}.",
            "Draw a start event and connect it with the first step.",
        )


def _advise_task(node: Node, reading: Reading) -> None:
    if node.form is None:
        may = "only the names in writes" if node.writes is not None else "any data"
        _warn(
            reading,
            "no-form",
            node.id,
            f"The task has no form: it shows nothing and takes {may}.",
            "Name a form in formKey.",
        )
    who = node.assignment
    if not (who.assignee or who.users or who.groups):
        _warn(
            reading,
            "no-assignment",
            node.id,
            "The task is open to everybody who may see the case.",
            "Set candidateGroups, or the role of its lane.",
        )
    if node.outcomes and not node.id.isidentifier():
        _warn(
            reading,
            "id-is-no-name",
            node.id,
            f"Conditions cannot read {node.id}_outcome, because the id is no name.",
            f"Rename it, or write value('{node.id}_outcome').",
        )
    for value in node.outcomes_en:
        if value not in node.outcomes:
            _warn(
                reading,
                "unknown-outcome",
                node.id,
                f"outcomes_en names {value!r}, which is no outcome of the task.",
                "Outcomes: " + ", ".join(node.outcomes) + ".",
            )


def _advise_starter(process: Process, reading: Reading) -> None:
    """Name tasks for who started the case, where nobody does so by hand."""
    starts = [process.root.nodes[one] for one in process.root.starts]
    if not starts or any(not one.events for one in starts):
        return
    for node in process.nodes.values():
        if node.assignment.users == (STARTER,):
            _warn(
                reading,
                "no-assignment",
                node.id,
                "The task is for who started the case, and nobody starts it by hand.",
                "Put it into a lane that names a role.",
            )


# -- conditions --------------------------------------------------------------------


def _advise_conditions(scope: Scope, reading: Reading) -> None:
    for node in scope.nodes.values():
        flows = [scope.flows[key] for key in node.outgoing]
        if node.kind in _BRANCHING:
            _advise_default(node, flows, reading)
        for flow in flows:
            if flow.condition is None:
                continue
            if flow.id == node.default:
                why = "it is the default flow, taken when no other is"
            elif node.kind not in _BRANCHING:
                why = f"no condition is asked after a {node.kind.value}"
            else:
                continue
            _warn(
                reading,
                "condition-ignored",
                flow.id,
                f"The condition is never evaluated: {why}.",
                "Remove the condition, or branch with an exclusive gateway.",
            )


def _advise_default(node: Node, flows: list[Flow], reading: Reading) -> None:
    if not flows or node.default is not None:
        return
    if any(flow.condition is None for flow in flows) or _leave_nothing_out(flows):
        return
    _warn(
        reading,
        "no-default",
        node.id,
        "It has no default flow, and its conditions may all be false.",
        "Make one flow the default; without it the case stops with an incident.",
    )


def _leave_nothing_out(flows: list[Flow]) -> bool:
    """Whether one condition is plainly the opposite of another, or always true."""
    forms, opposites = set(), set()
    for flow in flows:
        tree = tree_of(flow.condition.text, "expression") if flow.condition else None
        if not isinstance(tree, ast.Expression):
            continue
        forms.add(ast.dump(tree.body))
        opposite = _opposite(tree.body)
        if opposite is not None:
            opposites.add(ast.dump(opposite))
    return not forms.isdisjoint(opposites) or _TRUE in forms


def _opposite(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        other = _OPPOSITES.get(type(node.ops[0]))
        if other is not None:
            return ast.Compare(node.left, [other()], node.comparators)
    return None


# -- outcomes ----------------------------------------------------------------------


def _advise_outcomes(scope: Scope, process: Process, reading: Reading) -> None:
    """Compare the outcomes that conditions ask for with those that tasks declare."""
    ends = links_of(scope)
    for flow in scope.flows.values():
        if flow.condition is None:
            continue
        for name, asked in _compared(flow.condition):
            declared = _declared(name, flow, scope, process, ends)
            if declared is None:
                continue
            for value in asked:
                if value not in declared:
                    _warn(
                        reading,
                        "unknown-outcome",
                        flow.id,
                        f"{name} is never {value!r}, so this part of the condition never holds.",
                        "Declared outcomes: " + (", ".join(declared) or "none") + ".",
                    )


def _compared(code: Code) -> Iterator[tuple[str, list[str]]]:
    """Return each outcome name that is compared with texts, and the texts."""
    tree = tree_of(code.text, code.mode)
    if not isinstance(tree, ast.AST):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            sides = (node.left, node.comparators[0])
            for one, other in (sides, sides[::-1]):
                if isinstance(one, ast.Name) and (
                    one.id == "outcome" or one.id.endswith("_outcome")
                ):
                    yield one.id, _texts(other)


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [text for one in node.elts for text in _texts(one)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _declared(
    name: str, flow: Flow, scope: Scope, process: Process, ends: Ends
) -> Mapping[str, str] | None:
    """Return the outcomes a name can have; None where that cannot be told."""
    if name != "outcome":
        task = process.nodes.get(name.removesuffix("_outcome"))
        return task.outcomes if task is not None and task.kind is Kind.USER else None
    found: dict[str, str] = {}
    tasks = _tasks_before(flow.source, scope, ends)
    if not tasks or any(task.kind is not Kind.USER for task in tasks):
        return None
    for task in tasks:
        found.update(task.outcomes)
    return found


def _tasks_before(key: str, scope: Scope, ends: Ends) -> list[Node] | None:
    """Return the activities that a token last came from, looking back through the rest."""
    found, seen, waiting = [], {key}, [key]
    while waiting:
        node = scope.nodes[waiting.pop()]
        if node.kind in ACTIVITIES:
            found.append(node)
            continue
        if len(seen) > MAX_LOOK_BACK:
            return None
        before = [scope.flows[one].source for one in node.incoming]
        if node.kind is Kind.CATCH:
            before += ends.get((Kind.THROW, link_name(node)), ())
        waiting += [one for one in dict.fromkeys(before) if one not in seen]
        seen.update(before)
    return found


def links_of(scope: Scope) -> Ends:
    """Return the link events of a scope by kind and link name."""
    ends: dict[tuple[Kind, str | None], list[str]] = {}
    for node in scope.nodes.values():
        name = link_name(node)
        if name is not None:
            ends.setdefault((node.kind, name), []).append(node.id)
    return ends


# -- the whole process -------------------------------------------------------------


def _advise_unreachable(process: Process, reading: Reading) -> None:
    for scope in process.scopes.values():
        reached = reachable(scope)
        for node in scope.nodes.values():
            # A handler of nothing has a finding of its own.
            if node.id not in reached and not node.for_compensation:
                _warn(
                    reading,
                    "unreachable",
                    node.id,
                    "No flow leads here from a start event.",
                    "Connect it, or remove it.",
                )


def reachable(scope: Scope) -> set[str]:
    """Return the nodes of a scope that a token can come to by its flows."""
    waiting = [*scope.beginnings, *scope.implicit_starts, *scope.event_sub_processes]
    waiting += [gateway for gateway in dict.fromkeys(scope.instantiating.values()) if gateway]
    if scope.ad_hoc is not None:
        waiting += scope.ad_hoc.begun
    reached, ends = set(waiting), links_of(scope)
    while waiting:
        node = scope.nodes[waiting.pop()]
        following = [scope.flows[key].target for key in node.outgoing]
        following += [key for key in node.boundary if key in scope.nodes]
        if node.handler is not None and node.handler in scope.nodes:
            following.append(node.handler)
        if node.kind is Kind.THROW:
            following += ends.get((Kind.CATCH, link_name(node)), ())
        waiting += [key for key in dict.fromkeys(following) if key not in reached]
        reached.update(following)
    return reached


def _advise_recursion(process: Process, reading: Reading) -> None:
    for node in process.nodes.values():
        if node.called == process.key:
            _warn(
                reading,
                "calls-itself",
                node.id,
                "The process calls itself; nesting is limited when it runs.",
                "See that some path ends without the call, or draw a loop.",
            )
