"""Completeness: the asset with its check and nightly job (``asset.py``), and what a comparison of a
tenant says (``verification.py``).
"""
