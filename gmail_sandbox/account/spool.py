"""A temporary file that holds mail, so that memory does not.

Holds: append and positional read of bytes in an unlinked temporary file.
Add here: nothing that knows what the bytes mean. Keep out: mail, JSON, indexes.
So 100,000 messages fit into about 200 MB of memory.
"""

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self


class Spool:
    """An append-only temporary file, read by offset and length.

    The file has no name where the system allows it, so a killed process leaves nothing behind.
    Appends belong to one thread; reads may come from any.

    Args:
        directory: where the file is made; the system's temporary directory if not given.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(  # noqa: SIM115 - closed by close(), not by a block
            buffering=0, dir=directory, prefix="gmail-sandbox-"
        )
        self._end = 0

    @property
    def size(self) -> int:
        """Bytes stored so far."""
        return self._end

    def append(self, *chunks: bytes) -> int:
        """Store chunks one after the other.

        Args:
            chunks: the bytes.

        Returns:
            The offset of the first byte.

        Raises:
            OSError: the disk is full.
            ValueError: the spool is closed.
        """
        start = self._end
        view = memoryview(b"".join(chunks))
        while view:
            written = os.pwrite(self._file.fileno(), view, self._end)
            self._end += written
            view = view[written:]
        return start

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset` (fewer at the end of the file).

        Args:
            offset: as returned by `append`.
            length: bytes to read.

        Raises:
            ValueError: the spool is closed.
        """
        return os.pread(self._file.fileno(), length, offset)

    def close(self) -> None:
        """Remove the file; a second call does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
