"""State of the control plane on disk: a snapshot of every back end that a request has changed.

``down``/``up`` and a kill -9 lose nothing that was acknowledged: before a changing request is answered, the back ends
it touched (see ``CHANGES_ALSO``) are pickled to ``<state>/control_plane/<service>.pickle`` (written beside, then
renamed). Requests that wait at the same time share one snapshot. A crash of the machine may lose the last seconds.

For back ends of ours:

* state is ``backend.__dict__``; a back end that holds threads or connections defines ``__getstate__`` (return the dict
  to keep) and, if need be, ``__setstate__``. References to other back ends are stored as names, not copied; locks are
  stored as new locks;
* ``after_restore(self) -> None``, if defined, runs once all back ends are restored: the place to mark work FAILED that
  died with the process;
* work that goes on after the request was answered (a thread that ends a job run or creates a table in process) calls
  ``persist("glue")`` when it has changed something. Changes made through the API need nothing.
"""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

from local.errors import LocalAwsError
from local.settings import LocalSettings

log = logging.getLogger(__name__)

# What a changing request to one service changes in others, in process. Everything else reaches the others by API.
CHANGES_ALSO: dict[str, tuple[str, ...]] = {
    "events": ("logs", "sns", "sqs"),
    "glue": ("logs", "lakeformation"),
    "s3": ("sqs",),
    "sns": ("sqs",),
    "tagging": ("glue", "sns", "sqs"),
}

_FORMAT = 1
# A snapshot is taken while other threads work; one that met a half-made change is taken again.
_ATTEMPTS = 200
_PAUSE_SECONDS = 0.005

_LOCK, _REENTRANT_LOCK = type(threading.Lock()), type(threading.RLock())


class _BackendPickler(pickle.Pickler):
    """Writes other back ends as names and locks as new locks; everything else as it is."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, BaseBackend):
            return _live_backend, _address_of(obj)
        if isinstance(obj, BackendDict):
            return _live_backends, (obj.service_name,)
        if isinstance(obj, AccountSpecificBackend):
            return _live_account, (obj.service_name, obj.account_id)
        if isinstance(obj, _LOCK):
            return threading.Lock, ()
        if isinstance(obj, _REENTRANT_LOCK):
            return threading.RLock, ()
        if isinstance(obj, threading.Event):
            return _event, (obj.is_set(),)
        if isinstance(obj, FunctionType) and "<locals>" in obj.__qualname__:
            # The default of a defaultdict: the live back end's own dictionaries keep theirs, see _set_state.
            return _nothing, ()
        return NotImplemented


class Snapshots:
    """The snapshot files of one control plane.

    :param folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, _SnapshotWriter] = {}
        self._lock = threading.Lock()

    def save(self, service: str) -> None:
        """Return when the state that this service has now is on disk, and so is that of the services it changes."""
        for name in (service, *CHANGES_ALSO.get(service, ())):
            self._writer(name).save()

    def save_all(self) -> None:
        """Snapshot every back end in use, at the end of the control plane."""
        for service in _backends_in_use():
            self._writer(service).save()

    def restore(self, find_backends: Callable[[str], BackendDict[Any] | None]) -> None:
        """Give every back end the state it had when its last snapshot was taken.

        :param find_backends: from a service name (``BackendDict.service_name``) to its back ends.
        :raises LocalAwsError: a snapshot cannot be read.
        """
        restored: list[BaseBackend] = []
        for path in sorted(self._folder.glob("*.pickle")):
            backends = find_backends(path.stem)
            if backends is None:
                log.warning("%s belongs to a service that is not served any more; left alone", path)
                continue
            for backend, state in _read(path, backends):
                _set_state(backend, state)
                restored.append(backend)
        for backend in restored:
            if hasattr(backend, "after_restore"):
                backend.after_restore()
        for react in [react for reactions in _reactions.values() for react in reactions]:
            react()

    def _writer(self, service: str) -> _SnapshotWriter:
        with self._lock:
            return self._writers.setdefault(service, _SnapshotWriter(service, self._folder / f"{service}.pickle"))


class _SnapshotWriter:
    """One service's snapshot. Concurrent callers share a write: whoever comes while one runs waits for the next."""

    def __init__(self, service: str, path: Path) -> None:
        self._service = service
        self._path = path
        self._requested = 0
        self._written = 0
        self._counter = threading.Lock()
        self._writing = threading.Lock()
        self._digest = b""

    def save(self) -> None:
        with self._counter:
            self._requested += 1
            mine = self._requested
        with self._writing:
            if self._written >= mine:
                return
            with self._counter:
                covered = self._requested
            self._write()
            self._written = covered

    def _write(self) -> None:
        content = _pickled(self._service)
        if content is None:
            return
        digest = hashlib.blake2b(content).digest()
        if digest == self._digest:
            return
        # The folder is not made here: when the state folder was moved or deleted, that must not bring half of it back.
        draft = self._path.with_suffix(".tmp")
        draft.write_bytes(content)
        draft.replace(self._path)
        self._digest = digest
        for react in _reactions.get(self._service, ()):
            react()


_active: Snapshots | None = None
_reactions: dict[str, list[Callable[[], None]]] = {}


def activate(settings: LocalSettings) -> Snapshots:
    """Start keeping snapshots; only the control plane does. Without it `persist` does nothing (back ends in tests)."""
    global _active  # one process, one set of back ends: moto's are module globals too
    _active = Snapshots(settings.folder("control_plane"))
    return _active


def when_changed(service: str, react: Callable[[], None]) -> None:
    """Call a function after each snapshot of a service that differs from the one before, and once after the restore.

    :param service: ``BackendDict.service_name``.
    """
    _reactions.setdefault(service, []).append(react)


def persist(service: str) -> None:
    """Put the state that a service has now on disk: for changes made outside of a request, by an engine's thread.

    :param service: ``BackendDict.service_name``, such as ``glue``.
    """
    if _active is not None:
        _active.save(service)


def _pickled(service: str) -> bytes | None:
    backends = _backends_in_use().get(service)
    if backends is None:
        return None
    last: RuntimeError | None = None
    for _ in range(_ATTEMPTS):
        try:
            states = [(account, region, _state_of(backend)) for account, region, backend in _in_use(backends)]
            buffer = io.BytesIO()
            _BackendPickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump((_FORMAT, states))
            return buffer.getvalue()
        except RuntimeError as changed_meanwhile:
            last = changed_meanwhile
            time.sleep(_PAUSE_SECONDS)
    raise LocalAwsError(f"{service} changed all the time while its snapshot was taken: {last}")


def _read(path: Path, backends: BackendDict[Any]) -> Iterator[tuple[BaseBackend, Any]]:
    try:
        # Our own file in the user's own state folder; nothing from outside is ever unpickled.
        file_format, states = pickle.loads(path.read_bytes())  # noqa: S301
    except Exception as error:  # unpickling raises whatever the stored classes raise
        raise LocalAwsError(
            f"{path} cannot be read ({type(error).__name__}: {error}). It was written by another version of this "
            "program or of moto: `python -m local reset --yes` starts afresh, or move that one file away to lose only "
            "that service."
        ) from error
    if file_format != _FORMAT:
        raise LocalAwsError(f"{path} has format {file_format}, expected {_FORMAT}: run `python -m local reset --yes`.")
    for account, region, state in states:
        yield backends[account][region], state


def _in_use(backends: BackendDict[Any]) -> list[tuple[str, str, BaseBackend]]:
    return list(backends.iter_backends())


def _state_of(backend: BaseBackend) -> Any:
    if type(backend).__getstate__ is not object.__getstate__:
        return backend.__getstate__()
    # A dictionary of moto's own class is stored as a plain one: on restore the live one takes the content.
    return {name: dict(value) if isinstance(value, dict) else value for name, value in backend.__dict__.items()}


def _set_state(backend: BaseBackend, state: Any) -> None:
    if hasattr(backend, "__setstate__"):
        backend.__setstate__(state)
    else:
        for name, value in state.items():
            live = backend.__dict__.get(name)
            if isinstance(live, dict) and isinstance(value, dict):
                live.clear()
                live.update(value)
            else:
                backend.__dict__[name] = value


def _backends_in_use() -> dict[str, BackendDict[Any]]:
    instances: list[BackendDict[Any]] = list(BackendDict.__dict__["_instances"])
    return {backends.service_name: backends for backends in instances}


def _address_of(backend: BaseBackend) -> tuple[str, str, str]:
    for service, backends in _backends_in_use().items():
        for account, region, candidate in _in_use(backends):
            if candidate is backend:
                return service, account, region
    raise LocalAwsError(f"{type(backend).__name__} is not registered in a BackendDict and cannot be stored.")


def _live_backends(service: str) -> BackendDict[Any]:
    known = _backends_in_use().get(service)
    if known is None:
        from local.services import backends_named

        known = backends_named(service)
    if known is None:
        raise LocalAwsError(f"state refers to the service {service}, which is not served")
    return known


def _live_account(service: str, account: str) -> AccountSpecificBackend[Any]:
    return _live_backends(service)[account]


def _live_backend(service: str, account: str, region: str) -> BaseBackend:
    backend: BaseBackend = _live_account(service, account)[region]
    return backend


def _nothing() -> None:
    return None


def _event(is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event
