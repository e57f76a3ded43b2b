"""Rich Text Format, as every word processor writes it."""

from __future__ import annotations

from studio.text.reading import FootnoteOptions, Reading
from studio.text.richtext import Document
from studio.text.scrivenings import Scrivenings, escaped


class Rtf:
    kind = "rtf"
    label = "Rich Text"
    endings = (".rtf",)
    Spec = FootnoteOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the file is no RTF."""
        Document(name).read(data)

    def run(self, name: str, data: bytes, options: FootnoteOptions) -> Reading:
        """Headings by their style, paragraphs; nothing deleted or hidden.

        Raises:
            StudioError: no RTF, or too large.
        """
        document = Document(name, options.footnotes)
        document.read(escaped(data))
        scrivenings = Scrivenings(document.left, options.footnotes)
        blocks = scrivenings.prose(document.blocks)
        return Reading(
            text=blocks.text(),
            encoding=document.encoding,
            notes=(*document.left.notes(), *blocks.notes()),
        )


plugin = Rtf()
