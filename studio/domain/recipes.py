"""What a dataset is made of, in which way, and by what standards."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from studio.domain.base import ArtifactRef, Language, Model, Spec
from studio.domain.naming import Name
from studio.domain.writers import EndpointWriter, LocalWriter, WriterSpec

Shape = Literal[
    "text", "input-output", "instruction", "preference", "rated", "messages", "sharegpt"
]
"""The forms in which rows of other people's datasets come."""
Topic = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Recipe(Spec):
    """What the ways of making examples have in common."""

    @property
    def shown_tokens(self) -> int | None:
        """Most tokens of the story so far that a prompt shows; None where it shows none."""
        return None

    @property
    def asks(self) -> LocalWriter | EndpointWriter | None:
        """The model that writes for it, if any."""
        return None


class ContinuationSpec(Recipe):
    """Prompt: what came before. Completion: the author's next passage."""

    kind: Literal["continuation"] = "continuation"
    passage_tokens: int = Field(192, ge=32, le=4096)
    context_tokens: int = Field(192, ge=16, le=8192)
    about: str = Field("", max_length=4000)
    """Lines about the story in front of what came before: a summary, people, rules. The desk
    puts them there too."""

    @property
    def shown_tokens(self) -> int:
        return self.context_tokens


class RawSpec(Recipe):
    """The text as it is, in pieces of whole sentences, without any prompt."""

    kind: Literal["raw"] = "raw"
    passage_tokens: int = Field(480, ge=32, le=8192)
    overlap_tokens: int = Field(0, ge=0, le=4096)
    """Most tokens with which a piece repeats the end of the one before, in whole sentences."""

    @model_validator(mode="after")
    def _mostly_new(self) -> RawSpec:
        if self.overlap_tokens * 2 > self.passage_tokens:
            raise ValueError("At most half of a passage may be repeated from the one before.")
        return self


class ChatSpec(Recipe):
    """A conversation: the writer asks for the story piece by piece, the author's passages
    are the answers. It opens with the passage before the first of them."""

    kind: Literal["chat"] = "chat"
    passage_tokens: int = Field(160, ge=32, le=4096)
    turns: int = Field(3, ge=1, le=32)

    @property
    def shown_tokens(self) -> int:
        return self.passage_tokens


Aspect = Literal["mood", "view", "present", "length"]


class InstructionSpec(Recipe):
    """Prompt: a request that fits the passage. Completion: the author's passage."""

    kind: Literal["instruction"] = "instruction"
    passage_tokens: int = Field(192, ge=32, le=4096)
    aspects: tuple[Aspect, ...] = ("mood", "view", "present", "length")
    writer: WriterSpec | None = None
    """Who words the request; None: templates."""

    @property
    def asks(self) -> LocalWriter | EndpointWriter | None:
        return self.writer


class PreferenceSpec(Recipe):
    """Chosen: the author's passage. Rejected: a model's own continuation of the same prompt."""

    kind: Literal["preference"] = "preference"
    passage_tokens: int = Field(128, ge=32, le=4096)
    context_tokens: int = Field(192, ge=16, le=8192)
    writer: WriterSpec = LocalWriter()

    @property
    def shown_tokens(self) -> int:
        return self.context_tokens

    @property
    def asks(self) -> LocalWriter | EndpointWriter:
        return self.writer


class SyntheticSpec(Recipe):
    """Examples that a model makes up about given topics."""

    kind: Literal["synthetic"] = "synthetic"
    form: Literal["instruction", "dialogue", "character"] = "instruction"
    topics: tuple[Topic, ...] = Field(min_length=1)
    """What to write about; for the form ``character``, who speaks."""
    count: int = Field(50, ge=1, le=100_000)
    """Examples to make, over all topics. What is of no use is asked for anew, within the
    writer's caps."""
    language: Language = "en"
    tokens: int = Field(300, ge=16, le=4096)
    """Most tokens of one example."""
    writer: WriterSpec
    judged: bool = True
    """The writer grades each example (1 to 5), and those under ``least_grade`` are left out."""
    least_grade: int = Field(4, ge=1, le=5)

    @property
    def asks(self) -> LocalWriter | EndpointWriter:
        return self.writer


BuilderSpec = Annotated[
    ContinuationSpec | RawSpec | ChatSpec | InstructionSpec | PreferenceSpec | SyntheticSpec,
    Field(discriminator="kind"),
]


class Template(Spec):
    """A chat template, and the names of the special tokens that it puts in."""

    source: str = Field(min_length=1, max_length=100_000)
    marks: dict[str, str] = Field(default_factory=dict)


class Format(Spec):
    """A way of writing turns that has no options."""

    kind: Literal["chat-template", "chatml", "llama3", "mistral", "qwen", "alpaca", "raw"] = (
        "chat-template"
    )


class CustomFormat(Spec):
    """A Jinja template of one's own. ``{% generation %}`` marks what is learned."""

    kind: Literal["custom"] = "custom"
    template: str = Field(min_length=1, max_length=100_000)


def _named(format_: Any) -> Any:
    return {"kind": format_} if isinstance(format_, str) else format_


FormatterSpec = Annotated[
    Annotated[Format | CustomFormat, Field(discriminator="kind")], BeforeValidator(_named)
]
"""Written as its kind alone where there is nothing else to say."""


class Columns(Spec):
    """Which column of a row is what. ``fields`` maps the names of the shape (``text``,
    ``prompt``, ``chosen`` …) to columns; a column that is not named is not used."""

    shape: Shape
    fields: dict[str, str]


class FileRows(Spec):
    """Rows in files that were uploaded or found in a folder, kept as an artifact."""

    kind: Literal["files"] = "files"
    artifact: ArtifactRef
    columns: Columns | None = None
    """None: recognised by its shape."""


class HubRows(Spec):
    """Rows of a dataset on the Hub, pinned to one commit."""

    kind: Literal["hub"] = "hub"
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = Field("main", pattern=r"^[\w./-]+$")
    subset: str | None = None
    split: str = "train"
    most_rows: int = Field(10_000, ge=1)
    columns: Columns | None = None


RowsSpec = Annotated[FileRows | HubRows, Field(discriminator="kind")]


class Quality(Spec):
    """What is left out of a dataset, and said so."""

    near_duplicates: float | None = Field(0.45, ge=0.3, le=1)
    """Jaccard similarity of character shingles from which two passages count as one; None:
    only exact copies do. With every tenth word changed it is about 0.7 in English, with every
    tenth character 0.6 in Chinese; half a passage in common gives 0.33, none at all 0.05."""
    non_prose: bool = True
    """Leave out tables of contents, copyright pages and indexes. Lists are only flagged."""


HoldBack = Literal["chapters", "books"]
"""What is held back to check with: the last chapters of each manuscript, or whole ones."""


class PrepareSpec(Spec):
    """Make a dataset. Its result has ``dataset``, an artifact id."""

    kind: Literal["prepare"] = "prepare"
    name: Name
    manuscripts: tuple[ArtifactRef, ...] = ()
    rows: RowsSpec | None = None
    model: Model = Model()
    """Its tokenizer counts the tokens, its chat template formats."""
    builder: BuilderSpec = ContinuationSpec()
    formatter: FormatterSpec = Format()
    quality: Quality = Quality()
    validation_share: float = Field(0.15, gt=0, lt=0.5)
    hold_back: HoldBack = "chapters"

    @model_validator(mode="after")
    def _of_something(self) -> PrepareSpec:
        if not (self.manuscripts or self.rows or self.builder.kind == "synthetic"):
            raise ValueError("A dataset needs manuscripts, rows or topics to be made of.")
        return self


class Edit(Spec):
    """A changed example: the new completion, and the new rejected text where it has one."""

    id: str
    completion: str = Field(min_length=1)
    rejected: str | None = None


class ReviseSpec(Spec):
    """A new version of a dataset: examples left out, others changed. The parent stays as it is.
    Its result has ``dataset``, an artifact id."""

    kind: Literal["revise"] = "revise"
    name: Name
    dataset: ArtifactRef
    exclude: tuple[str, ...] = ()
    """Ids of examples."""
    edits: tuple[Edit, ...] = ()
