"""Rich Text Format, as every word processor writes it."""

from __future__ import annotations

from studio.text import composition
from studio.text.reading import FootnoteOptions, Reading
from studio.text.richtext import Document


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
        document.read(data)
        return Reading(
            text=document.blocks.text(),
            encoding=document.encoding,
            notes=(
                *composition.footnotes_left_out(document.footnotes),
                *document.blocks.notes(),
            ),
        )


plugin = Rtf()
