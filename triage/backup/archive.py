"""The archive: a gzipped tar in one pass, sealed with age on the way out. Nothing of it stands open on a disk.

A file of unknown length goes in as parts (`database/000001`, `database/000002`, …), so that a dump is never
stored in clear first. The manifest comes last: an archive without it is not whole. By hand:

    age -d -i key.txt desk.backup | tar xz && cat database/* > database.dump
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

import pyrage

from triage.backup.manifest import Manifest, Member, NotOurs, read
from triage.spool import OWNER_ONLY, owner_only, sync

PART = 4 * 1024 * 1024
LAST = "manifest.json"
SEALED = b"age-encryption.org/v1"

Sink = Callable[[bytes], object]


class Damaged(Exception):
    """The archive is not whole, or not what was written; `str()` is one sentence."""


class WrongKey(Exception):
    """The private key does not open the archive; `str()` is one sentence."""


# ---------------------------------------------------------------- writing


class Pack:
    """An archive being written to `out`."""

    def __init__(self, out: BinaryIO) -> None:
        self._zip = gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0)
        self._tar = tarfile.open(fileobj=self._zip, mode="w|")  # noqa: SIM115 - closed by `close`
        self.members: dict[str, Member] = {}

    def add(self, name: str, source: BinaryIO) -> None:
        """Put in all of `source`, part by part."""
        mark, size, number = hashlib.sha256(), 0, 0
        while (part := source.read(PART)) or not number:
            number += 1
            mark.update(part)
            size += len(part)
            self._put(f"{name}/{number:06}", part)
        self.members[name] = Member(size, mark.hexdigest())

    def close(self, manifest: Manifest) -> None:
        """The manifest makes it whole."""
        self._put(LAST, manifest.text())
        self._tar.close()
        self._zip.close()

    def _put(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), OWNER_ONLY
        self._tar.addfile(entry, io.BytesIO(content))


@contextmanager
def written(path: Path, recipients: Sequence[pyrage.x25519.Recipient]) -> Iterator[BinaryIO]:
    """Where to write an archive: it stands at `path`, whole and on the disk, if the block ends well; else nothing does.

    Sealed to `recipients`; in clear where there are none.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    with open(unfinished, "xb", opener=owner_only) as file:
        try:
            if recipients:
                with _sealed(file, recipients) as inner:
                    yield inner
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
            unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    sync(path.parent)


@contextmanager
def _sealed(file: BinaryIO, recipients: Sequence[pyrage.x25519.Recipient]) -> Iterator[BinaryIO]:
    """What is written goes through a pipe to a thread that seals it: the library only pulls."""
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def seal() -> None:
        with os.fdopen(reading, "rb") as source:
            try:
                pyrage.encrypt_io(source, file, recipients)
            except BaseException as problem:  # whatever it is, the writer must hear of it, before the pipe ends
                failures.append(problem)

    thread = threading.Thread(target=seal, daemon=True)
    thread.start()
    try:
        with os.fdopen(writing, "wb", buffering=1024 * 1024) as inner:
            yield inner
    except BrokenPipeError:
        if not failures:
            raise
    finally:
        thread.join()
    if failures:
        raise failures[0]


# ---------------------------------------------------------------- reading


def unpack(path: Path, identity: pyrage.x25519.Identity | None, sink: Callable[[str], Sink | None]) -> Manifest:
    """Read an archive through, every byte checked against the manifest.

    `sink(name)` says who gets the bytes of a member, None for nobody. They get them before the whole is known to be
    good: read it once with no sink first. Raises Damaged, WrongKey.
    """
    with opened(path, identity) as source:
        try:
            return _through(source, sink)
        except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as problem:
            raise Damaged("The archive is damaged or cut off; nothing was changed.") from problem
        except NotOurs as problem:
            raise Damaged(str(problem)) from problem


def _through(source: BinaryIO, sink: Callable[[str], Sink | None]) -> Manifest:
    manifest, found = None, dict[str, Member]()
    marks = dict[str, "hashlib._Hash"]()
    sizes = dict[str, int]()
    with gzip.GzipFile(fileobj=source) as inner, tarfile.open(fileobj=inner, mode="r|") as tar:
        for entry in tar:
            content = cast(BinaryIO, tar.extractfile(entry)).read() if entry.isfile() else b""
            if entry.name == LAST:
                manifest = read(content)
                continue
            name = entry.name.rpartition("/")[0]
            marks.setdefault(name, hashlib.sha256()).update(content)
            sizes[name] = sizes.get(name, 0) + len(content)
            taker = sink(name)
            if taker is not None:
                taker(content)
        while inner.read(PART):  # to the very end: a cut may hide behind the last entry
            pass
    found = {name: Member(sizes[name], mark.hexdigest()) for name, mark in marks.items()}
    if manifest is None or found != dict(manifest.members):
        raise Damaged("The archive is not what was written: its checksums differ; nothing was changed.")
    return manifest


@contextmanager
def opened(path: Path, identity: pyrage.x25519.Identity | None) -> Iterator[BinaryIO]:
    """The archive's bytes, unsealed on the way. Raises Damaged, WrongKey."""
    with path.open("rb") as file:
        sealed = file.read(len(SEALED)) == SEALED
        file.seek(0)
        if not sealed:
            yield file
        elif identity is None:
            raise WrongKey("This archive is sealed; give the private key it was sealed to with --key-file.")
        else:
            with _unsealed(file, identity) as inner:
                yield inner


@contextmanager
def _unsealed(file: BinaryIO, identity: pyrage.x25519.Identity) -> Iterator[BinaryIO]:
    reading, writing = os.pipe()
    failures: list[Exception] = []

    def unseal() -> None:
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as target:
            try:
                pyrage.decrypt_io(file, target, [identity])
            except Exception as problem:  # whatever it is, the reader must hear of it, before the pipe ends
                failures.append(problem)

    thread = threading.Thread(target=unseal, daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as inner:
            yield inner
            inner.read()
    except Exception as problem:
        if failures:
            raise _meaning(failures[0]) from problem
        raise
    finally:
        thread.join()
    if failures:
        raise _meaning(failures[0])


def _meaning(problem: Exception) -> Exception:
    if isinstance(problem, pyrage.DecryptError) and "No matching keys" in str(problem):
        return WrongKey("This private key does not open the archive: it was sealed to another one.")
    return Damaged("The archive is damaged or cut off; nothing was changed.")
