"""The environment of child processes: complete, explicit, the only interface to them.

Holds: settings as variables, Dagster's variables, and the bytecode rule. Add here: a variable
that children need. Keep out: reading settings anywhere else than ``gmail_ingest.settings``.
Source: docs/dagster.md#bytecode: without bytecode every run worker recompiles Dagster, 3.4 s of
start instead of 1.4 to 1.9 s.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from gmail_ingest.settings import Settings
from gmail_ingest.settings import variable_name as variable_name  # noqa: PLC0414 - for those who import it from here
from gmail_ingest.settings import variable_names as variable_names  # noqa: PLC0414 - as above

DAGSTER_PG_URL = "DAGSTER_PG_URL"
DAGSTER_HOME = "DAGSTER_HOME"
CODE_SERVER_HOST = "GMAIL_INGEST_CODE_SERVER_HOST"
CODE_SERVER_PORT = "GMAIL_INGEST_CODE_SERVER_PORT"
#: What processes need to know of the machine. No setting of this project or of Dagster is in it.
_MACHINE = frozenset(
    {
        *("HOME", "USER", "LOGNAME", "PATH", "TMPDIR", "PYTHONPYCACHEPREFIX"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    }
)
#: This machine, as NO_PROXY lists it.
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")


def settings_variables(settings: Settings) -> dict[str, str]:
    """Settings as variables, secrets included: for children only, never for printing."""
    return {variable: _text(getattr(settings, name)) for name, variable in variable_names().items()}


class _Pinned(Settings):
    """Settings that read neither the environment nor ``.env``."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what was given."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def pinned_settings(**values: object) -> Settings:
    """These values and the defaults, whatever the environment and ``.env`` say.

    What is shown, rehearsed or measured is then the same for everybody. Raises pydantic's
    ValidationError for a value that does not fit.
    """
    return Settings.model_construct(**dict(_Pinned.model_validate(values)))


def machine_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that says where things are on this machine, without settings."""
    return {name: value for name, value in inherited.items() if name in _MACHINE}


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def base_environment(inherited: Mapping[str, str], cache: Path) -> dict[str, str]:
    """The inherited environment without settings of this project, and with bytecode on.

    Args:
        inherited: usually ``os.environ``.
        cache: where bytecode goes if the installed packages cannot be written to.
    """
    # Settings are read without regard to case, so they are left out in any case.
    ours = {*variable_names().values(), DAGSTER_PG_URL, DAGSTER_HOME}
    environment = {name: value for name, value in inherited.items() if name.upper() not in ours}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if "PYTHONPYCACHEPREFIX" not in environment and not _bytecode_beside_packages():
        environment["PYTHONPYCACHEPREFIX"] = str(cache)
    # Dagster starts commands by name: they must be those of this Python's environment.
    path = environment.get("PATH", os.defpath)
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), path))
    environment["PYTHONUNBUFFERED"] = "1"
    return environment | _straight_loopback(environment)


def _straight_loopback(environment: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY with loopback added if there is a proxy, nothing otherwise.

    Children reach each other over loopback: else gRPC would ask the proxy for Dagster's code
    server.
    """
    if not any(name.lower() in _PROXIES and value for name, value in environment.items()):
        return {}
    listed = environment.get("no_proxy", environment.get("NO_PROXY", ""))
    hosts = ",".join(filter(None, (listed, *LOOPBACK_HOSTS)))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def _bytecode_beside_packages() -> bool:
    spec = importlib.util.find_spec("dagster")
    if spec is None or spec.origin is None:
        return False
    package = Path(spec.origin).parent
    return (package / "__pycache__").is_dir() or os.access(package, os.W_OK)
