"""Word documents: the text as it stands once every tracked change is accepted."""

from __future__ import annotations

from studio.errors import StudioError
from studio.language import _
from studio.text import worddocument
from studio.text.archives import Archive
from studio.text.reading import FootnoteOptions, Reading
from studio.text.wordparts import Parts


class Docx:
    kind = "docx"
    label = "Word"
    endings = (".docx", ".docm")
    Spec = FootnoteOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the file is no Word document, or has a password."""
        _refuse_old(name, data)
        Parts(Archive(name, data))

    def run(self, name: str, data: bytes, options: FootnoteOptions) -> Reading:
        """Headings by their style, scenes, paragraphs; no deletions, comments or hidden text.

        Raises:
            StudioError: no Word document, damaged, too large, or with a password.
        """
        _refuse_old(name, data)
        return worddocument.read(name, data, options.footnotes)


def _refuse_old(name: str, data: bytes) -> None:
    if data.startswith(worddocument.OLE):
        raise StudioError(
            _("“{name}” cannot be opened.").format(name=name),
            _("It has a password, or is of the kind that Word made before 2007 (.doc)."),
            _("Open it in Word or LibreOffice, save it without a password as .docx, import that."),
        )


plugin = Docx()
