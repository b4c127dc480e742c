"""What a run's config may say. It is stored and shown, and whoever may launch a run writes it."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._config import ConfigType, ConfigTypeKind

from gmail_ingest.definitions import defs

REPOSITORY = defs.get_repository_def()
JOBS = sorted(job.name for job in REPOSITORY.get_all_jobs())
#: Dagster's own (its executor's, and what its console logs), and the tenants of a verification.
ALLOWED = {
    "execution.config.marker_to_close",
    "execution.config.step_dependency_config.require_upstream_step_success",
    "loggers.console.config.log_level",
    "loggers.console.config.name",
    "ops.verify_tenants.config.tenants",
    # Of the job that Dagster makes of all assets: what a run does not select, and nobody reads.
    "ops.*",
    "resources.*",
}


def places(kind: ConfigType, path: str = "") -> Iterator[str]:
    """Every place of a config where a value can be written, an object of any shape included."""
    if ConfigTypeKind.has_fields(kind.kind):
        for name, field in kind.fields.items():
            yield from places(field.config_type, f"{path}.{name}".lstrip("."))
        if kind.kind is ConfigTypeKind.PERMISSIVE_SHAPE:
            yield f"{path}.*"
    elif kind.kind in {ConfigTypeKind.ARRAY, ConfigTypeKind.NONEABLE, ConfigTypeKind.MAP}:
        yield from places(kind.inner_type, path)
    else:
        yield path


@pytest.mark.parametrize("name", JOBS)
def test_no_run_config_names_an_address_a_database_or_a_secret(name):
    """All of these come from the environment only, and nothing is taken and ignored: no run can
    send a token to an address of its launcher's (promises 7 and 8).
    """
    schema = REPOSITORY.get_job(name).run_config_schema.config_type
    assert set(places(schema)) - ALLOWED == set()


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize(
    ("resource", "field"),
    [("gmail", "api_endpoint"), ("mail_store", "database_url"), ("credential_store", "key")],
)
def test_a_run_that_names_an_address_is_refused(name, resource, field):
    """Whoever launches it, and whichever job it is of."""
    job = REPOSITORY.get_job(name)
    config = {"resources": {resource: {"config": {field: "http://other.example"}}}}
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(job, config)
