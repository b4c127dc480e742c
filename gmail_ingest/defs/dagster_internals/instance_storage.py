"""Where Dagster keeps runs, events and schedules: PostgreSQL, or a file for a bare checkout.

Holds: ``InstanceStorage``, which ``dagster.yaml`` names. Keep out: the mail's database.
Dagster's own ``postgres_url: {env: ...}`` has no default: a checkout without environment could
then neither run ``dagster dev`` nor ``dagster definitions validate``, which read ``dagster.yaml``.
Unnecessary with: a default in ``{env: ...}``,
https://github.com/dagster-io/dagster/issues/3947.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from dagster import Field, StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from gmail_ingest.errors import ConfigurationError

_URL = "DAGSTER_PG_URL"
_HOME = "DAGSTER_HOME"
_CHECKOUT = Path(__file__).resolve().parents[3]
#: Ignored by git; all processes of ``dagster dev`` share it.
_BARE = _CHECKOUT / ".gmail-ingest" / "dagster-dev"

_LOG = logging.getLogger("dagster.storage")


class InstanceStorage(DagsterStorage, ConfigurableClass):
    """Makes the storage that the environment names; has no instances of its own."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """``environment``: the variable that holds PostgreSQL's address for psycopg2;
        ``checkout_directory``: where a bare checkout has its file.
        """
        return {
            "environment": Field(StringSource, is_required=False, default_value=_URL),
            "checkout_directory": Field(StringSource, is_required=False, default_value=str(_BARE)),
        }

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, str]
    ) -> DagsterStorage:
        """PostgreSQL where the variable names one; SQLite for a checkout that is used as it is.

        Raises:
            ConfigurationError: DAGSTER_HOME is a deployment's, whose processes would then each
                have runs of their own.
        """
        name = config_value["environment"]
        if url := os.environ.get(name):
            return DagsterPostgresStorage(url, inst_data=inst_data)
        home = os.environ.get(_HOME)
        if home and Path(home).resolve() != _CHECKOUT:
            raise ConfigurationError(
                f"{name} is not set: with {_HOME}={home}, Dagster's processes need a PostgreSQL "
                "database of their own, as postgresql+psycopg2://user:password@host/dagster"
            )
        bare = Path(config_value["checkout_directory"])
        bare.mkdir(parents=True, exist_ok=True)
        _LOG.warning("%s is not set: Dagster keeps its runs in SQLite, in %s", name, bare)
        return DagsterSqliteStorage(str(bare), inst_data=inst_data)
