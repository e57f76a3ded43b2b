"""A plan goes out as YAML and comes back the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.domain.fields import fields
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.training import reading, sheets, values, wording

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=40)


@settings(max_examples=40)
@given(
    NAMES,
    st.sampled_from(list(values.objectives())),
    st.floats(1e-7, 1),
    st.dictionaries(NAMES.filter(bool), st.integers(1, 64), max_size=3),
    NAMES.filter(bool),
)
def test_what_is_written_is_read_back(
    name: str, objective: str, rate: float, pattern: dict[str, int], template: str
) -> None:
    spec = TrainSpec.model_validate(
        {
            "name": name, "dataset": "0" * 64, "objective": objective, "learning_rate": rate,
            "lora": {"rank_pattern": pattern, "layers": (0, 3)}, "trackers": ("wandb",),
            "formatter": {"kind": "custom", "template": template + "\n{{ a }}"},
        }
    )  # fmt: skip
    assert reading.spec_of(sheets.read(sheets.write(spec, "a\nname # of two lines"))) == spec


def test_every_setting_is_there_with_what_it_means() -> None:
    text = sheets.write(TrainSpec(name="夜航", dataset="0" * 64, objective="dpo"), "夜航")
    assert "name: 夜航\n" in text
    assert "  rank: 16  # Size of the voice (LoRA rank)\n" in text
    assert "  # 夜航\n" in text
    for field in set(wording.words()) - {"objective.gamma"}:
        if not field.startswith("objective") or field in ("objective.beta", "objective.loss"):
            assert f"{field.rpartition('.')[2]}:" in text, field
    assert set(sheets.read(text)) <= set(TrainSpec.model_fields)
    assert fields(TrainSpec)


def test_json_is_read_too() -> None:
    spec = TrainSpec(name="a", dataset="0" * 64)
    assert reading.spec_of(sheets.read(spec.model_dump_json(indent=1))) == spec


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\n bad: b", "line 2"),
        ("a: &x [1]\nb: *x", "line 2, column 4"),
        ("[" * 5000, "not YAML"),
        ("- 1", "name: value"),
        ("", "name: value"),
        ("1: 2", "name: value"),
        ("x: " + "y" * 300_000, "200,000"),
        ("a: !!python/object/apply:os.system [true]", "line 1"),
        ("a: \x00", "not YAML"),
    ],
)
def test_what_is_no_plan_is_told(text: str, said: str) -> None:
    with pytest.raises(StudioError) as refused:
        sheets.read(text)
    assert said in refused.value.why
