"""Puts a dataset on the Hub, for nobody else to see unless that was asked for."""

from __future__ import annotations

from pathlib import Path

from studio.datasets import export
from studio.datasets.hub import explained
from studio.domain.exports import Shape
from studio.errors import StudioError
from studio.language import _
from studio.settings import settings

CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train.parquet
  - split: validation
    path: data/validation.parquet
---

# {name}

{train} examples to learn from and {validation} held back, made with Lorewright.
"""


def push(
    dataset: Path, scratch: Path, repository: str, name: str, shape: Shape, private: bool
) -> str:
    """Upload both splits of the folder ``dataset`` as Parquet; the address of the commit.

    Raises:
        StudioError: no connection, no access key, an example that does not have this shape,
            or a repository that everybody can read where a private one was asked for.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    counts, files = {}, {}
    for split in ("train", "validation"):
        files[split] = scratch / f"{split}.parquet"
        counts[split] = export.write([dataset / f"{split}.jsonl"], files[split], "parquet", shape)
    card = CARD.format(name=" ".join(name.split()), **counts).encode()
    hub = HfApi(endpoint=settings().hub)
    with explained(repository, "main"):
        hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        if private and not hub.dataset_info(repository).private:
            raise StudioError(
                _("Nothing was uploaded to {name}.").format(name=repository),
                _("The dataset is there already, and everybody can read it."),
                _("Make it private on the Hub, choose another name, or publish it on purpose."),
            )
        commit = hub.create_commit(
            repository,
            [
                CommitOperationAdd("README.md", card),
                *(CommitOperationAdd(f"data/{s}.parquet", str(p)) for s, p in files.items()),
            ],
            commit_message="Add the dataset",
            repo_type="dataset",
        )
    return str(commit.commit_url)
