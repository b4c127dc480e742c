"""/api/sync: ask for syncs and backfills, see how they went, and what is proven complete."""
