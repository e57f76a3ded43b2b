"""Web pages, as a browser's reading view would show them."""

from __future__ import annotations

from studio.errors import StudioError
from studio.language import _
from studio.text import composition, markup, pageparts, webarchives, webpages
from studio.text.reading import FootnoteOptions, Reading


class Html:
    kind = "html"
    label = "Web page"
    endings = (".html", ".htm", ".xhtml", ".mht", ".mhtml")
    Spec = FootnoteOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the bytes are no text."""
        markup.page(name, _page(name, data))

    def run(self, name: str, data: bytes, options: FootnoteOptions) -> Reading:
        """The prose of the page, in the encoding that it says it has, if that is true.

        Raises:
            StudioError: no text, or too large.
        """
        root, decoded = markup.page(name, _page(name, data))
        page = webpages.Page(options.footnotes)
        page.read(root)
        return Reading(
            text=page.blocks.text(),
            encoding=decoded.encoding,
            title=composition.readable(pageparts.title_of(root)),
            notes=(
                *decoded.told(),
                *page.notes(),
                *page.blocks.notes(),
            ),
        )


def _page(name: str, data: bytes) -> bytes:
    """The page itself, where a browser saved it with its pictures in one file."""
    if not webarchives.is_one(data):
        return data
    if (page := webarchives.page_of(data)) is None:
        raise StudioError(
            _("“{name}” holds no web page.").format(name=name),
            _("It is a mail or a web archive without a page or a text in it."),
            _("Open it in the browser, save the page alone as HTML, and import that."),
        )
    return page


plugin = Html()
