"""The forms in which a dataset leaves the studio."""

from __future__ import annotations

from typing import Literal

Form = Literal["jsonl", "csv", "parquet"]
Shape = Literal["messages", "prompt-completion", "preference", "text"]
