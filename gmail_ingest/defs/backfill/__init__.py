"""Backfills: from jobs to Dagster's backfills (``backfill_sensor.py``), and the asset of months
that their runs materialize (``emails_by_month.py``).
"""
