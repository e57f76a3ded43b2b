"""The starter model's card, from the figures of its training."""

from __future__ import annotations

from pathlib import Path

CARD = Path(__file__).with_suffix(".md")
LANGUAGES = {"en": "English", "zh": "Chinese"}


def write_card(out: Path, facts: dict) -> None:
    """The model card: what it is, what it was trained on, how well it does, what it is not."""
    losses = "\n".join(
        f"| Held-out loss, {LANGUAGES[language]} | {loss:.3f} nats a character |"
        for language, loss in facts["held_out_nats_per_character"].items()
    )
    books = "\n".join(
        f"| {b['name']} | {b['language']} | {b['characters']:,} |" for b in facts["books"]
    )
    babble = "\n\n".join(f"> {text}".replace("\n", "\n> ") for text in facts["babble"].values())
    (out / "README.md").write_text(
        CARD.read_text(encoding="utf-8").format(
            **facts | {"books": books, "babble": babble, "losses": losses}
        ),
        encoding="utf-8",
    )
