# One image for every process of a deployment; the command decides which:
#   sidecar         python -m webhook_api --host 0.0.0.0            (default; port from PORT)
#   code location   dagster api grpc -m gmail_ingest.definitions --location-name gmail_ingest -h 0.0.0.0 -p 4000 --log-format json
#   webserver       dagster-webserver -h 0.0.0.0 -p 3000 -w workspace.deployment.yaml --log-format json
#   daemon          dagster-daemon run -w workspace.deployment.yaml --log-format json
#   migrations      gmail-ingest db upgrade
# All of it is configured by the environment: docs/configuration.md.

FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
# Dependencies first: they change less often than the code, and are then taken from the cache.
COPY requirements.lock ./
RUN pip install --no-deps --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-deps --no-build-isolation -e . \
    # Without bytecode every run worker would compile Dagster anew: 3.4 s instead of 1.4 s.
    && python -m compileall -q -j 0 /opt/venv/lib /app/gmail_ingest /app/webhook_api

FROM python:3.12-slim
RUN useradd --system --create-home --uid 10001 gmail-ingest \
    && install -d -o gmail-ingest /var/lib/dagster
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Dagster keeps compute logs beside its configuration.
RUN install -m 644 /app/dagster.yaml /var/lib/dagster/dagster.yaml
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DAGSTER_HOME=/var/lib/dagster
WORKDIR /app
USER gmail-ingest
EXPOSE 8080 3000 4000
CMD ["python", "-m", "webhook_api", "--host", "0.0.0.0"]
