"""Files that come in and go out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Response, request
from werkzeug.datastructures import FileStorage

from api.body import MAX_FILE, MAX_UPLOAD
from engine import pictures
from engine.commands import AddAttachment, JsonObject
from engine.errors import InvalidData, InvalidRequest, TooLarge, UnsupportedMediaType

MAX_FILES = 100
_XML = frozenset({"application/xml", "text/xml", "application/bpmn+xml"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")

_BINARY = {"type": "string", "format": "binary"}
DIAGRAM_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/xml": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"files": {"type": "array", "items": _BINARY}},
                }
            },
        },
    }
}
LISTS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"files": {"type": "array", "items": _BINARY}},
                }
            },
        },
    }
}
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": _BINARY},
                    "required": ["file"],
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it was sent."""

    name: str
    media_type: str
    content: bytes

    def attached_to(self, task: str, attachment: str) -> AddAttachment:
        """Return the command that attaches it; name and bytes are sealed on their way."""
        return AddAttachment(
            task=task,
            attachment=attachment,
            name={"name": self.name, "content": self.content.hex()},
            media_type=self.media_type,
            size=len(self.content),
            sha256=hashlib.sha256(self.content).hexdigest(),
        )

    def at_start(self, attachment: str) -> JsonObject:
        """Return what a start says of it: the same, without a task."""
        given = self.attached_to("", attachment).to_json()
        return {name: value for name, value in given.items() if name not in {"type", "task"}}

    def digest(self) -> bytes:
        """Return what tells this upload from another one."""
        return digest({f"{self.media_type} {self.name}": self.content})


def diagrams(filename: str | None) -> dict[str, bytes]:
    """Return the files to deploy, by name: the body itself, or its parts.

    Raises:
        InvalidRequest: there is no file, or a name is there twice.
        UnsupportedMediaType: the body is neither XML nor multipart.
    """
    if request.mimetype in _XML:
        return {_name(filename or "diagram.bpmn"): _limited(request.get_data(), "The file")}
    return _several()


def lists(filename: str | None) -> dict[str, bytes]:
    """Return the lists to import, by name: the body itself, or its parts.

    Raises:
        InvalidRequest: there is no file, or a name is there twice.
        UnsupportedMediaType: the body is neither CSV nor multipart.
    """
    if request.mimetype == "text/csv":
        return {_name(filename or "list.csv"): _limited(request.get_data(), "The file")}
    return _several()


def _several() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for file in _parts():
        name = _name(file.filename or "")
        if name in files:
            raise InvalidRequest(f"The file {name!r} is there twice.", hint="Rename one of them.")
        files[name] = _limited(file.stream.read(), name)
    return files


def one_file() -> Upload:
    """Return the one file of the request.

    Raises:
        InvalidRequest: there is none, or more than one.
    """
    parts = _parts()
    if len(parts) != 1:
        raise InvalidRequest(f"{len(parts)} files were sent; one is expected.")
    return _upload(parts[0])


def _upload(file: FileStorage, field: str = "") -> Upload:
    name = _name(file.filename or "")
    kind = file.mimetype if _MEDIA_TYPE.fullmatch(file.mimetype) else "application/octet-stream"
    content = _limited(file.stream.read(), name)
    if pictures.is_heic(content):
        message = "Pictures in HEIC format cannot be read: it keeps where they were taken."
        findings = [{"code": "picture-heic", "key": field, "message": message}]
        raise InvalidData(message, hint="Send JPEG, PNG or WebP.", findings=findings)
    if pictures.is_picture(content):
        # Before it is anything else: what a camera writes beside the pixels is never kept.
        try:
            kind, content = pictures.cleaned(content)
        except InvalidRequest:
            # A damaged file may be proof as it is; it is saved, never shown.
            kind = "application/octet-stream"
    return Upload(name, kind, content)


def photographs(field: str) -> list[Upload]:
    """Return the photographs chosen in one field of a page for residents.

    Their names are ours: a file's own name may say who took it, and where.

    Raises:
        InvalidRequest: a file is no whole picture.
        TooLarge: one has too many bytes or pixels.
    """
    found = []
    for number, one in enumerate(chosen(field), 1):
        if one.media_type not in pictures.ENDINGS or not pictures.is_picture(one.content):
            raise InvalidRequest("The picture cannot be read.", hint="Send JPEG, PNG or WebP.")
        name = f"photo-{number}{pictures.ENDINGS[one.media_type]}"
        found.append(Upload(name, one.media_type, one.content))
    return found


def digest(files: dict[str, bytes]) -> bytes:
    """Return what tells these files from others, whatever the boundaries between them."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(hashlib.sha256(name.encode()).digest())
        whole.update(hashlib.sha256(files[name]).digest())
    return whole.digest()


def download(name: str, media_type: str, content: bytes) -> Response:
    """Return a file to be saved: what somebody uploaded never runs in our pages."""
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _parts() -> list[FileStorage]:
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType(
            f"The body is said to be {request.mimetype or 'nothing'!r}.",
            hint="Send multipart/form-data; a single diagram may also be application/xml.",
        )
    parts = [one for _, one in request.files.items(multi=True)]
    if not parts or len(parts) > MAX_FILES:
        hint = "Send each file as a part with a filename."
        raise InvalidRequest(f"{len(parts)} files were sent; 1 to {MAX_FILES} go.", hint=hint)
    return parts


def _name(name: str) -> str:
    """Return the name without the folders that some browsers send with it."""
    short = name.replace("\\", "/").rpartition("/")[2].strip()
    readable = short.encode(errors="replace").decode()
    if not short or len(short) > 200 or _CONTROL.search(short) or readable != short:
        hint = "Use 1 to 200 printable characters."
        raise InvalidRequest("A file has no usable name.", hint=hint)
    return short


def _limited(content: bytes, name: str) -> bytes:
    if len(content) > MAX_FILE:
        raise TooLarge(f"{name} has {len(content)} bytes; {MAX_FILE} are allowed.")
    return content


def chosen(field: str) -> list[Upload]:
    """Return the files chosen in one field of a page's form; none chosen is no refusal."""
    files = [one for one in request.files.getlist(field) if one.filename]
    return [_upload(one, field) for one in files]


# -- a page that checks and deploys ------------------------------------------------------


def field(name: str) -> str:
    """Return a field of a page's form that may hold a whole file."""
    request.max_form_memory_size = MAX_UPLOAD
    return request.form.get(name, "")


def checked() -> dict[str, bytes]:
    """Return the files that were chosen to be checked, and what was pasted beside them.

    Raises:
        InvalidRequest: a name is there twice, or cannot be used.
    """
    pasted = _DECLARATION.sub("", field("text")).strip(" \t")
    files: dict[str, bytes] = {}
    for one in chosen("files"):
        if one.name in files:
            raise InvalidRequest(f"The file {one.name!r} is there twice.", hint="Rename one.")
        files[one.name] = one.content
    if pasted.strip():
        # Characters came, so what the declaration said of bytes is no longer true.
        files.setdefault("pasted.bpmn", _limited(pasted.encode(errors="replace"), "The text"))
    return files


def carried() -> dict[str, bytes]:
    """Return the files that the page carried from a check to its button.

    Raises:
        InvalidRequest: there are none, or they are not as the page sent them.
    """
    request.max_form_memory_size = MAX_UPLOAD
    names, contents = request.form.getlist("name"), request.form.getlist("content")
    if not names or len(names) != len(contents) or len(names) > MAX_FILES:
        raise InvalidRequest("The page carries no files.", hint="Check the files again.")
    files: dict[str, bytes] = {}
    for name, content in zip(names, contents, strict=True):
        try:
            files[_name(name)] = _limited(base64.b64decode(content, validate=True), name)
        except (binascii.Error, ValueError) as reason:
            hint = "Check the files again."
            raise InvalidRequest(f"{name!r} was changed on its way.", hint=hint) from reason
    return files
