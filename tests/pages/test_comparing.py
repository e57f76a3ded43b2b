"""The Compare page, plans and Details, in a studio with a dataset and two measured lessons."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from studio.domain.jobs import JobState
from studio.services import plans, training
from studio.services.context import db
from studio.store import events
from studio.store.database import write
from tests.jobrows import a_job, put

Visit = Callable[[str], AppTest]


@pytest.fixture(scope="module")
def lessons(dataset: str) -> list[str]:
    """Two lessons of one name that have ended; the second was better."""
    spec = training.presets(dataset)["taste"]
    for number, (name, after) in enumerate({"ra": 1.5, "rb": 1.2}.items()):
        rate = {"learning_rate": 1e-3 * (number + 1)}
        values = spec.model_copy(update=rate).model_dump(mode="json")
        put(
            db(),
            a_job(
                name, kind="train", queue="train", title="Teach it", spec=values,
                state=JobState.FINISHED, result={"nll_after": after, "steps": 4, "seconds": 9.0},
                created_at=1000.0 + number,
            ),
        )  # fmt: skip
        with write(db()):
            for step, nll in ((0, 2.0), (4, after)):
                figures = {"nll_per_character": nll, "eval_loss": nll * 2, "perplexity": 30 * nll}
                events.add_metrics(db(), name, step, figures, 10.0 + step)
                text = f"written by {name}" if step else "untaught"
                events.add_sample(db(), name, step, "CHAPTER ONE", text, 10.0 + step)
            for step in range(1, 5):
                measured = {"loss": 3.0 / step, "tokens": 100.0 * step}
                events.add_metrics(db(), name, step, measured, 10.0 + step)
    return ["ra", "rb"]


def test_two_lessons_stand_beside_each_other(lessons: list[str], visit: Visit) -> None:
    page = visit("pages/teach/compare.py")
    assert not page.exception
    picked = page.multiselect[0]
    assert len(set(picked.options)) == 2
    assert any("foretells the unread chapters best" in h.value for h in page.subheader)
    figures, settings = (table.value for table in page.dataframe)
    assert list(settings["Setting"]) == ["Learning rate"]
    assert "40.0%" in set(figures.iloc[1])
    next(t for t in page.toggle if "alike" in t.label).set_value(True).run()
    assert len(page.dataframe[1].value) > 30
    page.radio[1].set_value("seconds").run()
    assert not page.exception


def test_one_lesson_alone_asks_for_another(lessons: list[str], visit: Visit) -> None:
    page = visit("pages/teach/compare.py")
    page.multiselect[0].set_value(page.multiselect[0].value[:1]).run()
    assert any("one more lesson" in info.value for info in page.info)


def test_the_training_page_says_what_was_learned(lessons: list[str], visit: Visit) -> None:
    page = visit("pages/teach/training.py")
    assert not page.exception
    said = " ".join(m.value for m in page.markdown)
    assert "**40% less**" in said
    assert "hesitates between about 36" in said


def press(page: AppTest, label: str) -> AppTest:
    return next(b for b in page.button if b.label == label).click().run()


def test_another_like_this_one_begins_with_its_numbers(lessons: list[str], visit: Visit) -> None:
    page = press(visit("pages/teach/training.py"), "Plan another like this one")
    assert not page.exception
    rate = next(n for n in page.number_input if n.label == "Learning rate")
    assert rate.value == 2e-3
    page = press(page, "Keep it")
    assert not page.exception
    (kept,) = plans.list_all()
    assert kept.spec["learning_rate"] == 2e-3
    begun = next(box for box in page.selectbox if box.label == "Begin with")
    assert begun.value == kept.id
    page = press(page, "Delete the plan")
    assert plans.list_all() == []
    page = press(page, "Undo")
    assert [plan.id for plan in plans.list_all()] == [kept.id]
    plans.delete(kept.id)


def test_what_cannot_be_used_is_told_at_the_form(dataset: str, visit: Visit) -> None:
    page = visit("pages/teach/preflight.py")
    next(n for n in page.number_input if n.label == "Learning rate").set_value(0.0)
    next(t for t in page.text_input if "rank pattern" in t.label).set_value("q_proj 8")
    page = press(page, "Use these numbers")
    assert "no pair of a name and a number" in page.error[0].value
    next(t for t in page.text_input if "rank pattern" in t.label).set_value("q_proj=8")
    page = press(page, "Use these numbers")
    assert "Learning rate: It has to be more than 0" in page.error[0].value.replace("\\", "")
