"""Web pages, as a browser's reading view would show them."""

from __future__ import annotations

from studio.text import composition, markup, pageparts, webpages
from studio.text.reading import FootnoteOptions, Reading


class Html:
    kind = "html"
    label = "Web page"
    endings = (".html", ".htm", ".xhtml")
    Spec = FootnoteOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the bytes are no text."""
        markup.page(name, data)

    def run(self, name: str, data: bytes, options: FootnoteOptions) -> Reading:
        """The prose of the page, in the encoding that it says it has, if that is true.

        Raises:
            StudioError: no text, or too large.
        """
        root, encoding = markup.page(name, data)
        page = webpages.Page(options.footnotes)
        page.read(root)
        return Reading(
            text=page.blocks.text(),
            encoding=encoding,
            title=composition.readable(pageparts.title_of(root)),
            notes=(
                *composition.footnotes_left_out(page.footnotes),
                *composition.tables_left_out(page.tables),
                *page.notes(),
                *page.blocks.notes(),
            ),
        )


plugin = Html()
