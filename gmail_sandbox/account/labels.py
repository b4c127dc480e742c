"""The labels of one mailbox.

Holds: system and user labels, their names and Google's JSON of them.
Add here: what a label is. Keep out: which message carries it, and counts (``mailbox.py``).
Source: docs/google.md#labels.
"""

from typing import Any, Final

from gmail_sandbox.account.errors import LabelConflictError, UnknownLabelError

_SHOWN: Final = ("INBOX", "SENT", "DRAFT", "TRASH", "SPAM", "UNREAD", "STARRED", "IMPORTANT")
_HIDDEN: Final = (
    "CHAT",
    "CATEGORY_PERSONAL",
    "CATEGORY_SOCIAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_UPDATES",
    "CATEGORY_FORUMS",
)
# Mail may carry it; whether labels.list names it is not known.
_UNLISTED: Final = ("SCHEDULED",)
SYSTEM_LABELS: Final = frozenset((*_SHOWN, *_HIDDEN, *_UNLISTED))
"""The ids that every mailbox has."""


class LabelBook:
    """System labels, and the user's own by id."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._ids_by_name: dict[str, str] = {}
        self._sets: dict[frozenset[str], frozenset[str]] = {}
        self._made = 0

    def create(self, name: str) -> str:
        """Make a user label and return its id.

        Args:
            name: as the user sees it; ``/`` nests.

        Raises:
            LabelConflictError: the name is taken.
        """
        self._require_free(name)
        self._made += 1  # no id is given twice
        label_id = f"Label_{self._made}"
        self._names[label_id] = name
        self._ids_by_name[_folded(name)] = label_id
        return label_id

    def rename(self, label_id: str, name: str) -> None:
        """Give a user label another name.

        Args:
            label_id: the label.
            name: its new name.

        Raises:
            UnknownLabelError: no such label.
            LabelConflictError: the name is taken, or the label is the system's.
        """
        if label_id in SYSTEM_LABELS:
            raise LabelConflictError("a system label keeps its name")
        old = self.name(label_id)
        if _folded(old) != _folded(name):
            self._require_free(name)
        del self._ids_by_name[_folded(old)]
        self._ids_by_name[_folded(name)] = label_id
        self._names[label_id] = name

    def remove(self, label_id: str) -> None:
        """Take a user label out of the book.

        Args:
            label_id: the label.

        Raises:
            UnknownLabelError: no such label.
            LabelConflictError: the label is the system's.
        """
        if label_id in SYSTEM_LABELS:
            raise LabelConflictError("a system label stays")
        del self._ids_by_name[_folded(self.name(label_id))]
        del self._names[label_id]
        self._sets = {label_set: label_set for label_set in self._sets if label_id not in label_set}

    def name(self, label_id: str) -> str:
        """Return a label's name.

        Args:
            label_id: the label.

        Raises:
            UnknownLabelError: no such label.
        """
        if label_id in SYSTEM_LABELS:
            return label_id
        try:
            return self._names[label_id]
        except KeyError:
            raise UnknownLabelError("no such label") from None

    def find(self, word: str) -> str | None:
        """Return the id of the label that a search word or a Takeout header means.

        Args:
            word: an id, or a name in any case, where spaces and slashes may be hyphens.
        """
        if word.upper() in SYSTEM_LABELS:
            return word.upper()
        return word if word in self._names else self._ids_by_name.get(_folded(word))

    def checked(self, label_ids: frozenset[str]) -> frozenset[str]:
        """Return the one shared copy of a set of existing labels.

        A mailbox has few distinct sets; by sharing them a message takes 8 bytes for its labels.

        Args:
            label_ids: the set.

        Raises:
            UnknownLabelError: one of them does not exist.
        """
        known = self._sets.get(label_ids)
        if known is None:
            for label_id in label_ids:
                self.name(label_id)
            known = self._sets[label_ids] = label_ids
        return known

    def resource(self, label_id: str) -> dict[str, Any]:
        """Return Google's Label resource, without counts.

        Args:
            label_id: the label.

        Raises:
            UnknownLabelError: no such label.
        """
        name = self.name(label_id)
        if label_id in _SHOWN:
            return {"id": label_id, "name": name, "type": "system"}
        shown = label_id not in SYSTEM_LABELS
        return {
            "id": label_id,
            "name": name,
            "messageListVisibility": "show" if shown else "hide",
            "labelListVisibility": "labelShow" if shown else "labelHide",
            "type": "user" if shown else "system",
        }

    def resources(self) -> list[dict[str, Any]]:
        """Return all labels, the system's first, without counts."""
        return [self.resource(label_id) for label_id in (*_SHOWN, *_HIDDEN, *self._names)]

    def _require_free(self, name: str) -> None:
        if not name.strip() or name.upper() in SYSTEM_LABELS or _folded(name) in self._ids_by_name:
            raise LabelConflictError("label name exists or is reserved")


def _folded(name: str) -> str:
    return name.strip().casefold().replace(" ", "-").replace("/", "-")
