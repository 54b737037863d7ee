"""Lists, users and tokens compared with the acts that made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from engine import accounts, definitions, erasure, identities, references, resources, store
from engine.clock import parse, text
from engine.columns import Descriptor
from engine.database import Transaction
from engine.replay import Difference
from engine.tables import blobs, list_versions, tokens
from engine.tables import definitions as version_table
from engine.tables import resources as resource_table
from engine.verification import personal
from engine.verification.unreadable import readable

_LISTS = sa.select(
    list_versions.c.name, list_versions.c.version, list_versions.c.descriptor,
    list_versions.c.content, list_versions.c.position, list_versions.c.activated_at,
).order_by(list_versions.c.position)  # fmt: skip
_CHOSEN = sa.select(version_table.c.process, version_table.c.version).where(
    version_table.c.chosen != 0
)
_DEPLOYED = sa.select(
    version_table.c.process, version_table.c.version, version_table.c.deployment,
    version_table.c.at,
).order_by(version_table.c.process, version_table.c.version)  # fmt: skip
_FILES = sa.select(blobs.c.sha256)
_TOKENS = sa.select(
    tokens.c.sha256, tokens.c.user_name, tokens.c.kind, tokens.c.expires_at
).order_by(tokens.c.user_name, tokens.c.sha256)  # fmt: skip
_RESOURCES = sa.select(
    resource_table.c.kind, resource_table.c.key, resource_table.c.filename,
    resource_table.c.sha256,
).order_by(resource_table.c.kind, resource_table.c.key)  # fmt: skip
_TOKEN, _SESSION = "token", "session"
_CALLED = {"calendar": "calendar", "roles": "role"}
_ANOTHER = "it is not the one that was put in force"

Act = dict[str, Any]


def check(tx: Transaction) -> Iterator[Difference]:
    """Yield what of lists, files, versions, users, tokens and erasures no act bears out."""
    checks = {
        references.STREAM: _lists,
        definitions.STREAM: _deployments,
        identities.STREAM: _users,
        erasure.STREAM: personal.erased,
    }
    for stream, found in checks.items():
        yield from readable(found(tx), stream, "stream")


def _deployments(tx: Transaction) -> Iterator[Difference]:
    acts = [one.document() for one in store.read_entries(tx, definitions.STREAM)]
    yield from _versions(tx, acts)
    yield from _resources(tx, acts)
    yield from _chosen(tx, acts)


def called(tx: Transaction, descriptor: str) -> str:
    """Return what a version of a list is called, by the hash of its descriptor."""
    try:
        kind = Descriptor.read(store.get_blob(tx, descriptor)).kind
    except (KeyError, ValueError):
        return "list"
    return _CALLED.get(kind, "list")


def _lists(tx: Transaction) -> Iterator[Difference]:
    due: dict[tuple[str, str], tuple[Any, ...]] = {}
    for entry in store.read_entries(tx, references.STREAM):
        said = entry.document()
        act = said["command"]
        if act["type"] == "activate_list":
            files = act["descriptor"], act["content"]
            due[act["name"], act["version"]] = (*files, entry.position, parse(said["at"]))
    for name, version, descriptor, *more in tx.all(_LISTS, {}):
        was = due.pop((name, version), None)
        if was != (descriptor, *more):
            reason = "nobody has put it in force" if was is None else _ANOTHER
            if was is not None and was[:-1] == (descriptor, *more[:-1]):
                reason = f"it was put in force at {text(was[-1])}, and says {text(more[-1])}"
            of = descriptor if was is None else was[0]
            yield Difference(f"{name} {version}", None, reason, called(tx, of))
    for (name, version), (descriptor, _, position, _) in due.items():
        reason = f"it is gone; act {position} of {references.STREAM} has put it in force"
        yield Difference(f"{name} {version}", None, reason, called(tx, descriptor))


def _versions(tx: Transaction, deployments: Sequence[Act]) -> Iterator[Difference]:
    """Yield the versions that say another deployment or moment; their files are checked before."""
    due = {
        (one["process"], one["version"]): (act["command"]["deployment"], parse(act["at"]))
        for act in deployments
        for one in act["events"]
        if one["type"] == "version_deployed"
    }
    for process, version, *said in tx.all(_DEPLOYED, {}):
        was = due.get((process, version))
        if was is not None and was != tuple(said):
            reason = f"it was deployed at {text(was[1])} by deployment {was[0]}, and says otherwise"
            yield Difference(f"{process} version {version}", None, reason, "definition")


def _resources(tx: Transaction, deployments: Sequence[Act]) -> Iterator[Difference]:
    due, versions = resources.recorded(deployments), _files_of_versions(deployments)
    here = {row[0] for row in tx.all(_FILES, {})}
    for kind, key, filename, sha256 in tx.all(_RESOURCES, {}):
        was = due.pop((kind, key), None)
        if sha256 not in here and was == (filename, sha256):
            yield Difference(f"{kind} {key}", None, f"its file {filename} is gone", "resource")
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
        known = due.setdefault(name, {"disabled": False, "temporary password": False})
        known.update({key: act[key] for key in ("person_id", "grants", "demo") if key in act})
        if act["type"] in ("disable_user", "enable_user"):
            known["disabled"] = act["type"] == "disable_user"
        if act["type"] in ("reset_password", "change_password"):
            known["temporary password"] = act["type"] == "reset_password"
    for user in accounts.read_users(tx):
        here = {
            "person_id": user.person_id,
            "grants": [list(one) for one in user.grants],
            "demo": user.demo,
            "disabled": user.disabled_at is not None,
            "temporary password": user.reset_at is not None,
        }
        was = due.pop(user.name, None)
        reason = "nobody has added this user" if was is None else _differs(here, was)
        if reason is not None:
            yield Difference(user.name, None, reason, "user")
    for name in due:
        yield Difference(name, None, "this user is gone", "user")
    yield from _tokens(tx, made)


def _tokens(tx: Transaction, made: set[tuple[str, str]]) -> Iterator[Difference]:
    """Yield the tokens that are not as they were made; a session is in no history."""
    for sha256, name, kind, expires_at in tx.all(_TOKENS, {}):
        if (sha256, name) in made:
            if (kind, expires_at) != (_TOKEN, None):
                reason = f"this token of user {name} was made to stay one, and says otherwise"
                yield Difference(sha256, None, reason, _TOKEN)
        elif kind != _SESSION:
            yield Difference(sha256, None, f"nobody has made this token of user {name}", _TOKEN)


def _differs(here: Act, was: Act) -> str | None:
    for key, value in here.items():
        if value != was[key]:
            return f"{key} is {value!r}, and {was[key]!r} was recorded"
    return None


def _acts(tx: Transaction, stream: str) -> Iterator[tuple[int, Act]]:
    for entry in store.read_entries(tx, stream):
        yield entry.position, entry.document()["command"]
