"""Parquet tables, as data sets are published in."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from studio.errors import StudioError
from studio.language import _
from studio.text import tables
from studio.text.reading import ColumnOptions, Reading

if TYPE_CHECKING:
    from pyarrow import parquet

LARGEST_GROUP = 128 << 20
"""Bytes of one column in one row group, unpacked."""
MOST_ROWS = 5_000_000
MOST_TEXTS = 8
"""Columns of words in which the prose is looked for."""
BATCH = 256
"""Rows read at a time."""
_FORMAT_LIMIT = 10_000_000


class Parquet:
    kind = "parquet"
    label = "Table (Parquet)"
    endings = (".parquet",)
    Spec = ColumnOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the file is no Parquet, or holds no text."""
        _columns(name, data, "")

    def run(self, name: str, data: bytes, options: ColumnOptions) -> Reading:
        """The rows of the column with the prose, one after another.

        Raises:
            StudioError: no Parquet, damaged, no such column, or too large.
        """
        columns = _columns(name, data, options.column)
        wanted = [c for c in (columns.text, columns.title) if c]
        return tables.read(name, columns, _rows(name, data, wanted), "utf-8")


def _open(name: str, data: bytes, columns: list[str]) -> parquet.ParquetFile:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(
            io.BytesIO(data),
            read_dictionary=columns,  # A text that stands in many rows is held once.
            thrift_string_size_limit=_FORMAT_LIMIT,
            thrift_container_size_limit=_FORMAT_LIMIT,
        )
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise _damaged(name, problem) from problem
    if file.metadata.num_rows > MOST_ROWS:
        raise _too_large(name)
    return file


def _columns(name: str, data: bytes, wanted: str) -> tables.Columns:

    schema = _open(name, data, []).schema_arrow
    texts = [field.name for field in schema if _is_text(field.type)]
    sample = itertools.islice(_rows(name, data, texts[:MOST_TEXTS]), tables.SAMPLE)
    columns = tables.choose(name, texts, sample, wanted)
    others = [n for n in schema.names if n not in (columns.text, columns.title)]
    return columns._replace(others=tuple(others))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):  # What pandas calls a category.
        kind = kind.value_type
    return any(is_one(kind) for is_one in (
        pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view
    ))  # fmt: skip


def _rows(name: str, data: bytes, columns: list[str]) -> Iterator[tables.Row]:
    import pyarrow as pa

    file = _open(name, data, columns)
    _check_groups(name, file, columns)
    try:
        for batch in file.iter_batches(batch_size=BATCH, columns=columns, use_threads=False):
            if batch.nbytes > LARGEST_GROUP:
                raise _too_large(name)
            values = [_values(column) for column in batch.columns]
            for row in zip(*values, strict=True):
                yield dict(zip(batch.schema.names, row, strict=True))
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise _damaged(name, problem) from problem


def _values(column: Any) -> list[Any]:
    """The texts of a column, each distinct one made once."""
    texts = column.dictionary.to_pylist()
    return [None if place is None else texts[place] for place in column.indices.to_pylist()]


def _check_groups(name: str, file: parquet.ParquetFile, columns: list[str]) -> None:
    metadata = file.metadata
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        parts = (group.column(i) for i in range(group.num_columns))
        sizes = [p.total_uncompressed_size for p in parts if p.path_in_schema in columns]
        if sum(sizes) > LARGEST_GROUP:
            raise _too_large(name)


def _too_large(name: str) -> StudioError:
    return StudioError(
        _("“{name}” is too large.").format(name=name),
        _("Its texts unpack to more than {size} MB at once.").format(size=LARGEST_GROUP >> 20),
        _("Split it into several files with smaller row groups, and import each."),
    )


def _damaged(name: str, problem: Exception) -> StudioError:
    said = (str(problem).splitlines() or [""])[0]
    return StudioError(
        _("“{name}” cannot be read as Parquet.").format(name=name),
        _("It is damaged or of another format: {problem}.").format(problem=said.rstrip(".")),
        _("Download or export it again, and import that."),
    )


plugin = Parquet()
