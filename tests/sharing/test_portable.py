"""What leaves the studio: peft loads it, and nothing private is in it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from studio.domain.provenance import LINEAGE, Base, Provenance
from studio.domain.specs import TextSample
from studio.sharing import opening, portable
from studio.training.lineage import write
from tests.sharing import voices
from tests.sharing.voices import SECRET, STARTER


def test_peft_loads_the_folder_as_it_is(voice: Path, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    portable.lay_out(voice, tmp_path / "out", "Tide")
    logits = []
    for folder in (voice, tmp_path / "out"):
        base = AutoModelForCausalLM.from_pretrained(STARTER, dtype=torch.float32)
        with torch.no_grad():
            found = PeftModel.from_pretrained(base, str(folder))(torch.arange(3, 20)[None])
        logits.append(found.logits)
    assert torch.equal(*logits)


def test_nothing_private_goes_along(voice: Path, tmp_path: Path) -> None:
    portable.lay_out(voice, tmp_path / "out", "Tide")
    everything = b"".join(p.read_bytes() for p in (tmp_path / "out").iterdir())
    for private in (SECRET, "/home/quill", "d" * 64, str(voice), str(STARTER)):
        assert private.encode() not in everything


def test_the_card_tells_how_it_was_taught(voice: Path, tmp_path: Path) -> None:
    samples = (TextSample(prompt="The lamp | went", text="out,\nand then"),)
    portable.lay_out(voice, tmp_path / "out", "Tide\n# Other", "qwen-research", samples)
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    head, body = card.split("---\n", 2)[1:]
    assert "license: other\nlicense_name: qwen-research" in head
    assert "language: en" in head
    assert "base_model" not in head
    assert "# Tide # Other" in body
    assert "25% less" in body
    assert "| LoRA rank, alpha | 4, 8 |" in body
    assert "| Steps | 8 |" in body
    assert "> **out, and then**" in body
    assert "Continue the story in the author's voice." in body


@pytest.mark.parametrize(
    ("name", "parameters", "public"),
    [
        ("Qwen/Qwen2.5-0.5B-Instruct", None, "Qwen/Qwen2.5-0.5B-Instruct"),
        ("/home/quill/Qwen2.5-0.5B-Instruct/", None, "Qwen/Qwen2.5-0.5B-Instruct"),
        ("Qwen2.5-0.5B-Instruct", 494_032_768, "Qwen/Qwen2.5-0.5B-Instruct"),
        ("Qwen2.5-0.5B-Instruct", 12, "Qwen2.5-0.5B-Instruct"),
        ("C:\\models\\mine", None, "mine"),
        ("./mine", None, "mine"),
        ("", None, ""),
    ],
)
def test_a_base_model_is_called_as_on_the_hub_and_never_by_its_path(
    name: str, parameters: int | None, public: str
) -> None:
    told = Provenance(base=Base(name=name, parameters=parameters))
    assert portable.public_name(told, "") == public


def test_an_adapter_without_lineage_can_go_too(voice: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (bare / name).write_bytes((voice / name).read_bytes())
    portable.lay_out(bare, tmp_path / "out", "Tide")
    assert "Nothing is known of it." in (tmp_path / "out" / "README.md").read_text()
    assert voices.config(tmp_path / "out")["base_model_name_or_path"] == "starter"


def test_a_lineage_with_other_things_in_it_does_not_spoil_the_card(
    voice: Path, tmp_path: Path
) -> None:
    odd = voices.copied(voice, tmp_path / "odd")
    told = json.loads((odd / LINEAGE).read_text())
    write(odd, told | {"spec": {"lora": 3, "objective": ["x"], "more": SECRET}, "later": 1})
    portable.lay_out(odd, tmp_path / "out", "Tide")
    assert SECRET.encode() not in (tmp_path / "out" / LINEAGE).read_bytes()


def test_the_same_voice_gives_the_same_zip(voice: Path, tmp_path: Path) -> None:
    portable.lay_out(voice, tmp_path / "out", "Tide")
    portable.pack(tmp_path / "out", tmp_path / "one.zip")
    portable.pack(tmp_path / "out", tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert set(archive.namelist()) == {
            "out/README.md", "out/adapter_config.json", "out/adapter_model.safetensors",
            "out/lineage.json",
        }  # fmt: skip


def test_how_it_is_to_be_asked_goes_along_and_is_said(tmp_path: Path) -> None:
    manner = {
        "builder": "continuation", "shown_tokens": 192,
        "about": "Ann keeps the locks.\nIt is 1889.",
        "template": {"source": "{{ messages[0].content }}", "marks": {"eos_token": "</s>"}},
    }  # fmt: skip
    mine = voices.put(tmp_path / "mine", manner=manner)
    portable.lay_out(mine, tmp_path / "out", "Tide")
    told = opening.provenance(tmp_path / "out")
    assert told is not None
    assert told.manner is not None
    assert told.manner.model_dump(mode="json") == manner | {"formatter": {"kind": "chat-template"}}
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "these lines about the story" in card
    assert "> Ann keeps the locks.\n> It is 1889." in card
