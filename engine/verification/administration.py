"""Lists, users and tokens compared with the acts that made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from engine import accounts, definitions, identities, references, resources, store
from engine.columns import Descriptor
from engine.database import Transaction
from engine.replay import Difference
from engine.tables import definitions as version_table
from engine.tables import list_versions, tokens
from engine.tables import resources as resource_table

_LISTS = sa.select(
    list_versions.c.name, list_versions.c.version, list_versions.c.descriptor,
    list_versions.c.content, list_versions.c.position,
).order_by(list_versions.c.position)  # fmt: skip
_CHOSEN = sa.select(version_table.c.process, version_table.c.version).where(
    version_table.c.chosen == 1
)
_TOKENS = (
    sa.select(tokens.c.sha256, tokens.c.user_name)
    .where(tokens.c.kind == "token")
    .order_by(tokens.c.user_name, tokens.c.sha256)
)
_RESOURCES = sa.select(
    resource_table.c.kind, resource_table.c.key, resource_table.c.filename,
    resource_table.c.sha256,
).order_by(resource_table.c.kind, resource_table.c.key)  # fmt: skip
_CALLED = {"calendar": "calendar", "roles": "role"}
_ANOTHER = "it is not the one that was put in force"

Act = dict[str, Any]


def check(tx: Transaction) -> Iterator[Difference]:
    """Yield what of lists, files, versions, users and tokens does not follow from the acts."""
    deployments = [one.document() for one in store.read_entries(tx, definitions.STREAM)]
    yield from _lists(tx)
    yield from _resources(tx, deployments)
    yield from _chosen(tx, deployments)
    yield from _users(tx)


def called(tx: Transaction, descriptor: str) -> str:
    """Return what a version of a list is called, by the hash of its descriptor."""
    try:
        kind = Descriptor.read(store.get_blob(tx, descriptor)).kind
    except (KeyError, ValueError):
        return "list"
    return _CALLED.get(kind, "list")


def _lists(tx: Transaction) -> Iterator[Difference]:
    due = {
        (act["name"], act["version"]): (act["descriptor"], act["content"], position)
        for position, act in _acts(tx, references.STREAM)
        if act["type"] == "activate_list"
    }
    for name, version, descriptor, content, position in tx.all(_LISTS, {}):
        was = due.pop((name, version), None)
        if was != (descriptor, content, position):
            reason = "nobody has put it in force" if was is None else _ANOTHER
            of = descriptor if was is None else was[0]
            yield Difference(f"{name} {version}", None, reason, called(tx, of))
    for (name, version), (descriptor, _, position) in due.items():
        reason = f"it is gone; act {position} of {references.STREAM} has put it in force"
        yield Difference(f"{name} {version}", None, reason, called(tx, descriptor))


def _resources(tx: Transaction, deployments: Sequence[Act]) -> Iterator[Difference]:
    due, versions = resources.recorded(deployments), _files_of_versions(deployments)
    for kind, key, filename, sha256 in tx.all(_RESOURCES, {}):
        was = due.pop((kind, key), None)
        # Before acts named such files, they stood there only with the versions that used them.
        if was is None and (kind, key, sha256) in versions:
            continue
        if was != (filename, sha256):
            reason = "nobody has deployed it" if was is None else "it is not the one deployed last"
            yield Difference(f"{kind} {key}", None, reason, "resource")
    for kind, key in due:
        yield Difference(f"{kind} {key}", None, "it is gone, and it was deployed", "resource")


def _files_of_versions(deployments: Sequence[Act]) -> set[tuple[str, str, str]]:
    return {
        (one["kind"], one["key"], one["sha256"])
        for act in deployments
        for event in act["events"]
        if event["type"] == "version_deployed"
        for one in event["files"]
    }


def _chosen(tx: Transaction, deployments: Sequence[Act]) -> Iterator[Difference]:
    commands = [act["command"] for act in deployments]
    due = {one["process"]: one["version"] for one in commands if one["type"] == "choose_version"}
    here = {row[0]: row[1] for row in tx.all(_CHOSEN, {})}
    for process in sorted(here.keys() | due.keys()):
        if here.get(process) != due.get(process):
            reason = (
                f"new cases run on version {here.get(process) or 'latest'}, and "
                f"{due.get(process) or 'latest'} was chosen"
            )
            yield Difference(process, None, reason, "definition")


def _users(tx: Transaction) -> Iterator[Difference]:
    due: dict[str, Act] = {}
    made: set[tuple[str, str]] = set()
    for _, act in _acts(tx, identities.STREAM):
        name = act.get("name", "")
        if act["type"] == "create_token":
            made.add((act["token_sha256"], name))
            continue
        if act["type"] == "revoke_token":
            made.discard((act["token_sha256"], name))
        known = due.setdefault(name, {"disabled": False})
        known.update({key: act[key] for key in ("person_id", "grants", "demo") if key in act})
        if act["type"] in ("disable_user", "enable_user"):
            known["disabled"] = act["type"] == "disable_user"
    for user in accounts.read_users(tx):
        here = {
            "person_id": user.person_id,
            "grants": [list(one) for one in user.grants],
            "demo": user.demo,
            "disabled": user.disabled_at is not None,
        }
        was = due.pop(user.name, None)
        reason = "nobody has added this user" if was is None else _differs(here, was)
        if reason is not None:
            yield Difference(user.name, None, reason, "user")
    for name in due:
        yield Difference(name, None, "this user is gone", "user")
    for sha256, name in tx.all(_TOKENS, {}):
        if (sha256, name) not in made:
            reason = f"nobody has made this token of user {name}"
            yield Difference(sha256, None, reason, "token")


def _differs(here: Act, was: Act) -> str | None:
    for key, value in here.items():
        if value != was[key]:
            return f"{key} is {value!r}, and {was[key]!r} was recorded"
    return None


def _acts(tx: Transaction, stream: str) -> Iterator[tuple[int, Act]]:
    for entry in store.read_entries(tx, stream):
        yield entry.position, entry.document()["command"]
