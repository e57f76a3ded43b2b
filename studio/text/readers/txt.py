"""Plain text, in whatever encoding."""

from __future__ import annotations

from studio.text import encoding
from studio.text.reading import ReaderOptions, Reading


class PlainText:
    kind = "txt"
    label = "Plain text"
    endings = (".txt", ".text")
    Spec = ReaderOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the bytes are no text."""
        encoding.decode(name, data)

    def run(self, name: str, data: bytes, options: ReaderOptions) -> Reading:
        """The text as it stands in the file; StudioError when the bytes are no text."""
        decoded = encoding.decode(name, data)
        return Reading(text=decoded.text, encoding=decoded.encoding, notes=decoded.told())


plugin = PlainText()
