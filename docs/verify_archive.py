"""Check an archive of Bihuan with nothing of Bihuan: Python 3.11 and `cryptography`.

    python verify_archive.py ARCHIVE PUBLIC_KEY.pem

Every line is held against what was signed; cases are not replayed, which `bihuan verify
--export` does too. Exit status 1, and a line where something is not so. Formats: RFC 6962
(leaves and nodes), RFC 8032 (Ed25519), C2SP signed-note.
"""

import hashlib
import json
import sys
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


class Wrong(Exception): ...  # something is not as it was signed


def demand(is_so, reason):
    if not is_so:
        raise Wrong(reason)


def sha256(content):
    return hashlib.sha256(content).digest()


def canonical(value):
    how = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False, "allow_nan": False}
    return json.dumps(value, **how).encode()


def has_signed(key, content, signature):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def leads(leaf, index, size, path, root):
    """Tell whether an inclusion proof leads from a leaf to the root (RFC 9162, 2.1.3.2)."""
    hashed, last = sha256(b"\0" + leaf), size - 1
    for one in map(bytes.fromhex, path):
        if last == 0:
            return False
        if index & 1 or index == last:
            hashed = sha256(b"\1" + one + hashed)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            hashed = sha256(b"\1" + hashed + one)
        index, last = index >> 1, last >> 1
    return last == 0 and index == 0 and hashed == root


def sealed_in(value):
    if isinstance(value, dict) and "$sealed" in value:
        yield value["$sealed"], value["commitment"]
    parts = value.values() if isinstance(value, dict) else value
    for one in parts if isinstance(value, dict | list) else ():
        yield from sealed_in(one)


class Archive:
    def __init__(self, key):
        self.keys = [key]
        self.files, self.deployed, self.pins, self.lists = set(), {}, set(), set()
        self.case, self.cases, self.entries, self.lines = None, 0, 0, 0
        self.digest, self.ended = hashlib.sha256(), False

    def line(self, raw):
        demand(not self.ended, "lines follow the end")
        line = json.loads(raw)
        demand(raw == canonical(line) + b"\n", "it is not written as archives are")
        kind = line["kind"]
        demand((self.lines == 0) == (kind == "manifest"), f"a {kind} has no place there")
        if kind not in ("entry", "value"):
            self.finish()
        getattr(self, f"read_{kind}")(line)
        self.digest.update(raw)
        self.lines += 1

    def read_manifest(self, line):
        self.manifest = sha256(canonical(line)).hex()
        demand(line["format"] == "bihuan archive 1", "it is no archive")
        text, _, signatures = line["note"].rpartition("\n\n")
        text += "\n"
        origin, size, root = text.splitlines()[:3]
        for one in line["keys"]:  # a key that a trusted key has signed is trusted too
            new, by, signature = (b64decode(one[name]) for name in ("key", "by", "signature"))
            vouched = f"bihuan key 1\n{origin}\n{one['key']}\n".encode()
            if by in self.keys and has_signed(by, vouched, signature):
                self.keys.append(new)
        signed = [b64decode(one.split()[2])[4:] for one in signatures.splitlines()]
        by_us = any(has_signed(key, text.encode(), one) for key in self.keys for one in signed)
        demand(by_us, "its checkpoint is signed by another key")
        self.size, self.root, self.told = int(size), b64decode(root), text

    def read_file(self, line):
        self.files.add(hashlib.sha256(b64decode(line["content"])).hexdigest())

    def prove(self, kind, name, digest, leaf):
        body = leaf["body"].encode()
        told = json.loads(body)
        is_it = [told[one] for one in ("kind", "name", "digest")] == [kind, name, digest]
        demand(is_it, f"{name} is not the one in the log")
        is_in = leads(body, leaf["number"], self.size, leaf["proof"], self.root)
        demand(is_in, f"the proof of {name} does not lead to the checkpoint")

    def read_definition(self, line):
        process, version, _, digest, _, files = facts = line["facts"]
        name = f"{process} {version}"
        self.prove("definition", name, sha256(canonical(facts)).hex(), line["leaf"])
        demand({one["sha256"] for one in files} <= self.files, f"a file of {name} is another")
        self.deployed[process, version] = digest, files

    def read_list(self, line):
        name, version, descriptor, content = facts = line["facts"]
        self.prove("list", f"{name} {version}", sha256(canonical(facts)).hex(), line["leaf"])
        needed = {descriptor} if line["withheld"] else {descriptor, content}
        demand(needed <= self.files, f"a file of the list {name} is another")
        self.lists.add((name, version))

    def read_pins(self, line):
        text = line["versions"].encode()
        for process, pin in json.loads(text)["processes"].items():
            due = pin["sha256"], pin["files"]
            is_it = self.deployed.get((process, pin["version"])) == due
            demand(is_it, f"{process} {pin['version']} is not what was deployed")
        self.pins.add(sha256(text).hex())

    def read_case(self, line):
        leaf = json.loads(line["leaf"]["body"])
        self.prove("case", line["id"], leaf["digest"], line["leaf"])
        self.case, self.cases = line["id"], self.cases + 1
        self.due = leaf["position"], leaf["digest"]
        self.position, self.head = 0, sha256(b"bihuan history 1\0" + self.case.encode())
        self.promised = {}

    def read_entry(self, line):
        demand(self.case is not None, "an entry belongs to no case")
        self.position, self.entries = self.position + 1, self.entries + 1
        self.head = sha256(self.head + line["body"].encode())
        where = f"case {self.case} entry {self.position}"
        demand(self.head.hex() == line["digest"], f"{where}: its digest does not match its content")
        entry = json.loads(line["body"])
        demand(entry["position"] == self.position, f"{where}: it is another position")
        versions = entry["versions"]
        demand(versions["definitions"] in self.pins, f"{where}: its definitions are missing")
        demand(set(versions.get("lists", {}).items()) <= self.lists, f"{where}: a list is missing")
        self.promised.update(sealed_in(entry["command"]))

    def read_value(self, line):
        kept = sha256(bytes.fromhex(line["salt"]) + line["value"].encode()).hex()
        is_it = self.promised.get(line["id"]) == kept
        demand(is_it, f"case {self.case}: the value {line['id']} is not the one entered")

    def finish(self):
        if self.case is not None:
            is_whole = (self.position, self.head.hex()) == self.due
            demand(is_whole, f"case {self.case}: its end, entry {self.due[0]}, is missing")
        self.case = None

    def read_end(self, line):
        key, signature = b64decode(line["key"]), b64decode(line["signature"])
        by = {"key": b64encode(key).decode(), "signature": b64encode(signature).decode()}
        has = {"cases": self.cases, "lines": self.lines, "sha256": self.digest.hexdigest()}
        due = canonical({"kind": "end", "manifest": self.manifest, **has, **by})
        demand(canonical(line) == due, "it is not the end of the lines above it")
        signed = b"bihuan archive 1\n" + self.digest.digest()
        self.ended = key in self.keys and has_signed(key, signed, signature)
        demand(self.ended, "its end is signed by another key")


def main(path, key):
    archive = None
    try:
        with open(key, "rb") as pem, open(path, "rb") as file:
            archive = Archive(load_pem_public_key(pem.read()).public_bytes_raw())
            while raw := file.readline(1 << 26):  # no archive has a longer line
                archive.line(raw)
        demand(archive.ended, "it ends before its end: lines were cut off")
    except Exception as no:  # noqa: BLE001  a stranger's file may hold anything
        said = no if isinstance(no, Wrong | OSError) else "it cannot be read"
        print(f"{path}: line {archive.lines + 1}: {said}" if archive else f"{key}: {said}")
        return 1
    print(f"{path}: {archive.cases} cases, {archive.entries} entries, as they were signed by")
    print(archive.told.strip())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else __doc__)
