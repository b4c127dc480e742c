"""The FastAPI sidecar: receives pushes, serves the CRM, launches nothing in-process."""
