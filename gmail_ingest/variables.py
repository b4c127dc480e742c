"""Environment variables that are no settings, and warnings about misspelt names.

Holds: the list of such names, ``misspelt`` and ``value_of``. Add here: a variable that this project
reads and that is no setting. Keep out: settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from gmail_ingest.settings import Settings, variable_names

PREFIX = "GMAIL_INGEST_"
#: Names that commands, Dagster's workspace or tests read.
NOT_SETTINGS = frozenset(
    {
        # Options of commands.
        "GMAIL_INGEST_API_URL",
        "GMAIL_INGEST_API_KEY",
        "GMAIL_INGEST_DATA_DIR",
        # workspace.yaml and dagster.yaml.
        "GMAIL_INGEST_CODE_SERVER_HOST",
        "GMAIL_INGEST_CODE_SERVER_PORT",
        "DAGSTER_HOME",
        "DAGSTER_PG_URL",
        # How thorough the tests are.
        "GMAIL_INGEST_CORPUS",
        "GMAIL_INGEST_CRASH_STRIDE",
        "GMAIL_INGEST_MUTATIONS",
        "GMAIL_INGEST_PROOF_EXAMPLES",
    }
)
#: What settings were called before, and are called now.
FORMER_NAMES = {f"{PREFIX}HISTORY_START": f"{PREFIX}BACKFILL_START"}
#: Variables of Google's own tools that resemble settings.
_OF_OTHERS = frozenset(
    {
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_PROJECT",
        "GOOGLE_CLOUD_QUOTA_PROJECT",
        "PUBSUB_EMULATOR_HOST",
        "PUBSUB_PROJECT_ID",
    }
)
#: For names without the prefix: one character in a dozen may differ. A name that differs more may
#: belong to another program.
_ALIKE = 0.89


def known_names() -> frozenset[str]:
    """Every name that this project or its Dagster reads."""
    return frozenset(variable_names().values()) | NOT_SETTINGS


def misspelt(
    environment: Mapping[str, str] = os.environ, env_file: Path | None = None
) -> list[str]:
    """One warning for each variable that is set and never read, with the name probably meant.

    Args:
        environment: whose names are checked.
        env_file: the file that settings are read from too; ``.env`` in the working directory.
    """
    found = _unread(environment, "the environment")
    file = env_file or Path(str(Settings.model_config.get("env_file")))
    written = [name for name in _names_in(file) if name not in environment]
    return found + _unread(written, file.name, in_file=True)


def _unread(names: Iterable[str], where: str, *, in_file: bool = False) -> list[str]:
    known = known_names()
    warnings = []
    for name in sorted(names):
        upper = name.upper()
        # Names of settings are case-insensitive.
        if upper in known or upper in _OF_OTHERS:
            continue
        meant = _meant(upper, known, in_file=in_file)
        if meant:
            warnings.append(f"{name} in {where} is read by nothing: did you mean {meant}?")
        elif upper.startswith(PREFIX):
            warnings.append(f"{name} in {where} is read by nothing: see `gmail-ingest settings`")
    return warnings


def _meant(name: str, known: frozenset[str], *, in_file: bool) -> str | None:
    if name in FORMER_NAMES:
        return FORMER_NAMES[name]
    bare = name.removeprefix(PREFIX)
    if bare in known:
        return bare
    # In the environment such a short name may belong to another program: LOG_LEVEL.
    if in_file and f"{PREFIX}{name}" in known:
        return f"{PREFIX}{name}"
    if bare == name:
        return next(iter(get_close_matches(name, known, 1, _ALIKE)), None)
    # Compared without the prefix, which would make all names similar.
    ours = {full_name.removeprefix(PREFIX): full_name for full_name in known}
    return next((ours[near] for near in get_close_matches(bare, ours, 1)), None)


def _names_in(file: Path) -> list[str]:
    from dotenv import dotenv_values

    try:
        return list(dotenv_values(file, interpolate=False)) if file.is_file() else []
    except (OSError, UnicodeDecodeError):
        # Reading the settings reports what is wrong with the file.
        return []


def value_of(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The value of a variable that is no setting, read from the same places; "" if unset."""
    from dotenv import dotenv_values

    if name in environment:
        return environment[name]
    file = Path(str(Settings.model_config.get("env_file")))
    try:
        return (dotenv_values(file).get(name) if file.is_file() else None) or ""
    except (OSError, UnicodeDecodeError):
        return ""
