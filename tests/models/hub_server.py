"""A real HTTP server that speaks the part of the Hub's interface a download needs."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.waiting import until

COMMIT = "c0ffee" + "0" * 34
PIECE = 64 * 1024
LARGE = (".safetensors", ".parquet")
"""Files that go by the protocol for large ones (git LFS)."""


@dataclass
class Hub:
    """One repository, ``owner/tiny``, with the files of a folder: a model and a dataset.

    Contents go out in pieces of 64 kB; ``ranges`` collects the Range headers seen.
    """

    folder: Path
    hold_at: int | None = None
    """Bytes of a file after which no more of it goes out, until a test takes this away again."""
    gated: bool = False
    cut_after: int | None = None
    """Bytes of a file after which the connection is dropped, once."""
    knows_ranges: bool = True
    private: bool = False
    there: bool = True
    """Whether the repository exists already."""
    card: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    """The access key that everyone must show."""
    sent: int = 0
    """Bytes of files that were sent."""
    spoil: bool = False
    """Send other bytes than promised."""
    ranges: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    head: str = COMMIT
    commits: int = 0
    large: dict[str, bytes] = field(default_factory=dict)
    """Contents that were sent as large files, by their sha256."""
    received: int = 0
    """Bytes of large files that arrived, those that were cut off included."""
    cut_upload_after: int | None = None
    """Bytes of a large file after which the connection is dropped, once."""
    silent: float = 0.0
    """Seconds before a POST is answered."""
    refuses: tuple[str, int] | None = None
    """The end of an address that is answered with this status."""

    def file(self, name: str) -> dict[str, Any]:
        content = (self.folder / name).read_bytes()
        described: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": "b10b"}
        if name.endswith(LARGE):
            digest = hashlib.sha256(content).hexdigest()
            described["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 134}
        return described

    def describe(self) -> dict[str, Any]:
        paths = (p for p in self.folder.rglob("*") if p.is_file())
        names = sorted(p.relative_to(self.folder).as_posix() for p in paths)
        return {
            "id": "owner/tiny",
            "sha": self.head,
            "siblings": [self.file(name) for name in names],
            "tags": ["license:apache-2.0"],
            "cardData": {"license": "apache-2.0"} | self.card,
            "gated": self.gated,
            "private": self.private,
            "downloads": 0,
            "likes": 0,
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.respond(body=False)

    def do_POST(self) -> None:
        """Make a repository, or take files into it."""
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.hub.silent)
        path = self.path.split("?")[0].strip("/")
        verb = path.split("/")
        if self.hub.key and self.headers.get("Authorization") != f"Bearer {self.hub.key}":
            return self.refuse(401, "RepoNotFound")
        if self.hub.refuses and path.endswith(self.hub.refuses[0]):
            return self.refuse(self.hub.refuses[1], "Refused")
        if verb[-1] == "create":
            return self.create(json.loads(sent))
        if verb[-1] == "validate-yaml":
            return self.send_json({"errors": [], "warnings": []})
        if "preupload" in verb:
            return self.send_json({"files": [self.mode(f) for f in json.loads(sent)["files"]]})
        if path.endswith("objects/batch"):
            return self.batch(json.loads(sent)["objects"])
        if verb[-1] == "verify":
            there = json.loads(sent)["oid"] in self.hub.large
            return self.send_json({}) if there else self.refuse(404, "EntryNotFound")
        return self.commit([json.loads(line) for line in sent.splitlines()])

    def do_PUT(self) -> None:
        """Take a large file, or the beginning of it."""
        content, left = b"", int(self.headers["Content-Length"])
        while left and (piece := self.rfile.read(min(PIECE, left))):
            content, left = content + piece, left - len(piece)
            self.hub.received += len(piece)
            cut = self.hub.cut_upload_after
            if cut is not None and len(content) >= cut:
                self.hub.cut_upload_after = None
                self.close_connection = True
                self.connection.close()
                return None
        oid = self.path.rsplit("/", 1)[1]
        if hashlib.sha256(content).hexdigest() != oid:
            return self.refuse(400, "BadContent")
        self.hub.large[oid] = content
        return self.send_json({})

    def create(self, asked: dict[str, Any]) -> None:
        known, self.hub.there = self.hub.there, True
        if not known:
            self.hub.private = asked.get("visibility") == "private"
        prefix = "datasets/" if asked.get("type") == "dataset" else ""
        url = f"{self.hub.url}/{prefix}owner/tiny"
        self.send_json({"url": url}, status=409 if known else 200)

    def mode(self, asked: dict[str, Any]) -> dict[str, Any]:
        """How a file is to be sent, and what is there under its name already."""
        name, large = asked["path"], asked["path"].endswith(LARGE)
        found: dict[str, Any] = {
            "path": name, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False,
        }  # fmt: skip
        path = self.hub.folder / name
        if path.is_file():
            content = path.read_bytes()
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            found["oid"] = hashlib.sha256(content).hexdigest() if large else blob
        return found

    def batch(self, asked: list[dict[str, Any]]) -> None:
        objects = []
        for each in asked:
            verify = {"href": f"{self.hub.url}/owner/tiny.git/info/lfs/verify"}
            actions = {"upload": {"href": f"{self.hub.url}/lfs/{each['oid']}"}, "verify": verify}
            known = each["oid"] in self.hub.large
            objects.append(each if known else {**each, "actions": actions})
        self.send_json({"transfer": "basic", "objects": objects})

    def commit(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            if line["key"] in ("file", "lfsFile"):
                path = self.hub.folder / line["value"]["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(
                    base64.b64decode(line["value"]["content"])
                    if line["key"] == "file"
                    else self.hub.large[line["value"]["oid"]]
                )
        self.hub.commits += 1
        self.hub.head = hashlib.sha1(str(self.hub.commits).encode()).hexdigest()
        prefix = "datasets/" if "/datasets/" in self.path else ""
        url = f"{self.hub.url}/{prefix}owner/tiny/commit/{self.hub.head}"
        made = {"success": True, "commitUrl": url, "commitOid": self.hub.head, "hookOutput": ""}
        self.send_json(made)

    def do_GET(self) -> None:
        self.respond(body=True)

    def respond(self, body: bool) -> None:
        path = self.path.split("?")[0].strip("/").removeprefix("datasets/")
        parts = path.split("/")
        if self.hub.key and self.headers.get("Authorization") != f"Bearer {self.hub.key}":
            self.refuse(401, "RepoNotFound")
        elif parts[:2] in (["api", "models"], ["api", "datasets"]):
            self.describe("/".join(parts[2:4]), parts[5] if len(parts) > 5 else "main")
        elif len(parts) > 4 and parts[2] == "resolve":
            self.send_file("/".join(parts[4:]), body)
        else:
            self.refuse(404, "EntryNotFound")

    def describe(self, repository: str, revision: str) -> None:
        if repository != "owner/tiny" or not self.hub.there:
            self.refuse(401, "RepoNotFound")
        elif revision not in ("main", COMMIT, self.hub.head):
            self.refuse(404, "RevisionNotFound")
        else:
            self.send_json(self.hub.describe())

    def refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_json(self, content: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_file(self, name: str, body: bool) -> None:
        if self.hub.gated:
            return self.refuse(403, "GatedRepo")
        content = (self.hub.folder / name).read_bytes()
        start = self.start_of_range(name)
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", self.hub.head)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if body:
            self.stream(content[start:])
        return None

    def start_of_range(self, name: str) -> int:
        wanted = self.headers.get("Range")
        if wanted is None:
            return 0
        self.hub.ranges.append((name, wanted))
        return int(wanted.removeprefix("bytes=").split("-")[0]) if self.hub.knows_ranges else 0

    def stream(self, content: bytes) -> None:
        if self.hub.spoil:
            content = bytes(len(content))
        for at in range(0, len(content), PIECE):
            cut = self.hub.cut_after
            if cut is not None and at >= cut:
                self.hub.cut_after = None
                self.close_connection = True
                return
            until(lambda at=at: self.hub.hold_at is None or at < self.hub.hold_at)
            try:
                self.wfile.write(content[at : at + PIECE])
                self.hub.sent += len(content[at : at + PIECE])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
                return


@contextmanager
def serve(folder: Path) -> Iterator[Hub]:
    """Run the server on a free port while the block runs."""
    hub = Hub(folder)
    handler = type("BoundHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.hold_at = None
        server.shutdown()
        server.server_close()
