"""A set of mail bodies, and what a careful person would say that their senders wrote.

Holds: bodies as data (``data/``), their builder (``build``), what counts as right (``judge``), and
the comparison with libraries (``compare``).
Add here: a language (a table of ``data/languages-*.toml``), a program or layout (a body of
``data/*.txt``).
Keep out: bodies of other projects' tests, expectations that an implementation gave.
They are the formats that mail programs write, each written anew with example names.
"""
