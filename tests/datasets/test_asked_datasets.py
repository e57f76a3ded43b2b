"""Whole datasets that a writer was asked for, through the engine: pairs, requests, topics."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from studio.datasets.engine import run
from studio.datasets.likeness import likeness
from studio.domain.recipes import InstructionSpec, PreferenceSpec, PrepareSpec, SyntheticSpec
from studio.domain.workroom import Stopped
from studio.domain.writers import EndpointWriter
from studio.errors import StudioError
from tests.datasets.server import Reply, Script, Server, refused, said
from tests.datasets.test_prepare import prepare, put, put_sample, rows
from tests.prose import invented
from tests.waiting import until
from tests.workroom import LocalRoom

SAMPLE = Path(__file__).parents[2] / "data/samples/tide-clerk.txt"


def novelist(body: dict[str, Any], _before: int) -> Reply:
    return said(invented(body["messages"][-1]["content"] + str(body["seed"])))


def writer(server: Server, **changes: Any) -> EndpointWriter:
    return EndpointWriter(address=server.address, model="m", **changes)


def pairs(server: Server, **changes: Any) -> PreferenceSpec:
    return PreferenceSpec(passage_tokens=96, context_tokens=96, writer=writer(server, **changes))


@pytest.fixture
def room(tmp_path: Path) -> LocalRoom:
    return LocalRoom(tmp_path)


def test_pairs_of_a_manuscript(room: LocalRoom) -> None:
    with Server(novelist).running() as server:
        result = prepare(room, put_sample(room, "tide-clerk"), builder=pairs(server))
    made = [r for split in ("train", "validation") for r in rows(room, result, split)]
    assert len(made) == result["train"] + result["validation"] >= 40
    for row in made:
        chosen, rejected = row["messages"][-1]["content"], row["rejected"]
        assert rejected.endswith(".")
        assert likeness(chosen, rejected) < 0.8
        assert 0.4 <= len(rejected) / len(chosen) <= 2.5
    assert result["asked"]["requests"] == len(server.requests)
    assert result["asked"]["written"] == 5 * len(server.requests)
    progress = room.of_type("progressed")
    assert {p.unit for p in progress} == {"answers"}
    assert progress[-1].step == progress[-1].steps == len(server.requests)


def stops_after(answers: int, room: LocalRoom, script: Script = novelist) -> Script:
    """The job in ``room`` is asked to stop when it has so many answers and waits for another."""

    def stopping(body: dict[str, Any], before: int) -> Reply:
        if before == answers:
            until(lambda: room.of_type("progressed")[-1].step == answers)
            room.stop = True
        return script(body, before)._replace(held=before == answers)

    return stopping


def test_a_job_that_was_stopped_asks_nothing_twice(tmp_path: Path) -> None:
    whole, first = LocalRoom(tmp_path / "whole"), LocalRoom(tmp_path / "parts")
    with Server(novelist).running() as server:
        spec = pairs(server, at_once=1)
        expected = prepare(whole, put_sample(whole, "tide-clerk"), builder=spec)
        everything = Counter(server.asked())
    with Server(stops_after(17, first)).running() as server:
        asked = spec.model_copy(update={"writer": writer(server, at_once=1)})
        manuscript = put_sample(first, "tide-clerk")
        with pytest.raises(Stopped):
            prepare(first, manuscript, builder=asked)
        assert first.of_type("artifact") == []
        saved = first.of_type("checkpoint")[-1]
        assert saved.step == 17
        second = LocalRoom(tmp_path / "parts", checkpoint=saved.artifact)
        result = prepare(second, manuscript, builder=asked)
    # What was under way when the stop came was not answered, and is asked again.
    again = Counter(server.asked()) - everything
    assert sum(again.values()) == 1
    for split in ("train", "validation"):
        assert rows(second, result, split) == rows(whole, expected, split)
    assert second.of_type("progressed")[0].step == saved.step
    assert f"{saved.step} answers" in second.of_type("log")[0].text


def test_a_refusal_keeps_what_was_answered(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    manuscript = put_sample(room, "last-ferry")

    def planned() -> int:
        return int(room.of_type("progressed")[0].steps)

    def breaks(body: dict[str, Any], before: int) -> Reply:
        """The last request is refused, as no other may be under way then."""
        return refused(401) if before + 1 == planned() else novelist(body, before)

    with Server(breaks).running() as server:
        spec = pairs(server, at_once=1)
        with pytest.raises(StudioError, match="refused the key"):
            prepare(room, manuscript, builder=spec)
        saved = room.of_type("checkpoint")[-1]
        second = LocalRoom(tmp_path, checkpoint=saved.artifact)
        result = prepare(second, manuscript, builder=spec)
    assert saved.step == planned() - 1 >= 5
    assert result["asked"]["requests"] == len(server.requests)
    assert max(Counter(server.asked()).values()) <= 3  # the refused one, and second tries


def test_answers_are_stored_as_they_come(room: LocalRoom) -> None:
    with Server(novelist).running() as server:
        prepare(room, put_sample(room, "tide-clerk"), builder=pairs(server))
    steps = [saved.step for saved in room.of_type("checkpoint")]
    assert steps[0] >= 30
    assert steps == sorted(set(steps))
    journal = room.fetch(room.of_type("checkpoint")[-1].artifact)
    assert {p.name for p in journal.iterdir()} == {"answers.jsonl", "usage.json"}


def test_a_counterpart_that_is_the_authors_own_is_asked_for_again(room: LocalRoom) -> None:
    plain = " ".join(SAMPLE.read_text("utf-8").split())

    def copyist(body: dict[str, Any], before: int) -> Reply:
        shown = " ".join(body["messages"][-1]["content"].split("\n\n", 1)[1].split())
        after = plain.find(shown[-60:])
        if "lantern" not in shown or body["seed"] != 20 or after < 0:
            return novelist(body, before)
        return said(plain[after + 60 : after + 900])

    with Server(copyist).running() as server:
        result = prepare(room, put_sample(room, "tide-clerk"), builder=pairs(server))
        seeds = Counter(request["seed"] for request in server.requests)
    assert seeds[21] >= 1
    assert seeds[20] == result["train"] + result["validation"]


def test_a_writer_without_ideas_leaves_the_passage_out(room: LocalRoom) -> None:
    def tired(body: dict[str, Any], before: int) -> Reply:
        digest = hashlib.sha256(body["messages"][-1]["content"].encode()).digest()
        return said("") if digest[0] % 4 == 0 else novelist(body, before)

    with Server(tired).running() as server:
        result = prepare(room, put_sample(room, "tide-clerk"), builder=pairs(server))
    folder = room.fetch(result["dataset"])
    left_out = json.loads((folder / "statistics.json").read_bytes())["left_out"]["no_pair"]
    assert left_out >= 3
    assert any(f"{left_out} passages got no counterpart" in e.text for e in room.of_type("log"))


def test_more_than_the_cap_is_refused_before_anything_is_asked(room: LocalRoom) -> None:
    with Server(novelist).running() as server:
        spec = pairs(server, most_requests=10)
        with pytest.raises(StudioError, match="more requests than are allowed"):
            prepare(room, put_sample(room, "tide-clerk"), builder=spec)
    assert server.requests == []


def test_requests_worded_by_a_writer(room: LocalRoom) -> None:
    def editor(body: dict[str, Any], before: int) -> Reply:
        asked = body["messages"][-1]["content"]
        passage = asked.split("\n\n", 1)[1]
        if before % 5 == 0:
            return said(f"Write: {passage[:120]}")
        number = hashlib.sha256(passage.encode()).hexdigest()[:6]
        return said(f'Request: "Write scene {number} of a harbour novel, wry and exact."')

    with Server(editor).running() as server:
        spec = InstructionSpec(passage_tokens=96, writer=writer(server))
        result = prepare(room, put_sample(room, "tide-clerk"), builder=spec)
    made = rows(room, result, "train")
    wording = re.compile(r"Write scene \w+ of a harbour novel, wry and exact\.")
    assert all(wording.fullmatch(r["messages"][0]["content"]) for r in made)
    assert any(request["seed"] == 21 for request in server.requests)


def examples(count: int, seed: str) -> str:
    made = [
        {"instruction": f"Describe {seed} {i}.", "response": invented(f"{seed}{i}")}
        for i in range(count)
    ]
    return json.dumps(made)


def storyteller(body: dict[str, Any], before: int) -> Reply:
    asked = body["messages"][-1]["content"]
    if asked.startswith("Grade"):
        return said("2" if before % 9 == 0 else "Grade: 5")
    if before == 2:
        return said("I would rather not.")
    return said(f"Of course!\n```json\n{examples(5, str(before))}\n```")


def made_up(room: LocalRoom, server: Server, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"count": 50, "writer": writer(server, at_once=1), **changes}
    builder = SyntheticSpec(topics=("the sea", "a lighthouse"), **given)
    return run(PrepareSpec(name="Sea", builder=builder), room)


def test_examples_about_topics(room: LocalRoom) -> None:
    with Server(storyteller).running() as server:
        result = made_up(room, server)
    grades = sum(a.startswith("Grade") for a in server.asked())
    assert result["train"] + result["validation"] == 50
    low = json.loads((room.fetch(result["dataset"]) / "statistics.json").read_bytes())["left_out"]
    assert low["graded_low"] > 0
    assert low["unreadable"] == 5
    assert grades >= 50 + low["graded_low"]
    assert {r["chapter"] for r in rows(room, result, "train")} == {"the sea", "a lighthouse"}
    assert result["language"] == "en"
    prompts = [r["messages"][0]["content"] for r in rows(room, result, "train")]
    assert len(set(prompts)) == len(prompts)
    assert not any(line.level == "warning" for line in room.of_type("log"))


@pytest.mark.parametrize(
    ("caps", "why"),
    [
        ({"most_requests": 61}, "most requests"),
        ({"most_cost": 0.0006, "price_in": 1.0}, "most that may be spent"),
    ],
)
def test_the_caps_end_the_asking_and_it_is_said(
    room: LocalRoom, caps: dict[str, Any], why: str
) -> None:
    with Server(storyteller).running() as server:
        result = made_up(room, server, writer=writer(server, at_once=1, **caps))
    made = result["train"] + result["validation"]
    assert made < 50
    assert len(server.requests) == 61 if "most_requests" in caps else 60
    (warned,) = [line.text for line in room.of_type("log") if line.level == "warning"]
    assert f"Only {made} of 50" in warned
    assert why in warned


def test_asking_anew_is_the_same_after_a_stop(tmp_path: Path) -> None:
    def script(body: dict[str, Any], _before: int) -> Reply:
        """As a model that has its own mind: the same question gets the same answer."""
        asked = body["messages"][-1]["content"]
        digest = hashlib.sha256(f"{asked}{body['seed']}".encode()).hexdigest()
        if asked.startswith("Grade"):
            return said("1" if digest[0] in "0123" else "5")
        return said(examples(5, digest[:8]))

    whole, first = LocalRoom(tmp_path / "whole"), LocalRoom(tmp_path / "parts")
    with Server(script).running() as server:
        expected = made_up(whole, server)
        everything = len(server.requests)
    with Server(stops_after(66, first, script)).running() as server:
        with pytest.raises(Stopped):
            made_up(first, server)
        saved = first.of_type("checkpoint")[-1]
        second = LocalRoom(tmp_path / "parts", checkpoint=saved.artifact)
        result = made_up(second, server)
    assert expected["train"] + expected["validation"] == 50
    assert len(server.requests) == everything + 1
    for split in ("train", "validation"):
        assert rows(second, result, split) == rows(whole, expected, split)


def test_examples_that_are_not_graded(room: LocalRoom) -> None:
    with Server(storyteller).running() as server:
        result = made_up(room, server, judged=False)
    assert result["train"] + result["validation"] == 50
    assert len(server.requests) == 11


def test_a_character_is_named_in_its_examples(room: LocalRoom) -> None:
    with Server(storyteller).running() as server:
        result = made_up(room, server, form="character", judged=False)
    leads = {r["messages"][0]["content"].partition("\n\n")[0] for r in rows(room, result, "train")}
    assert leads == {f"Answer as this character: {who}" for who in ("the sea", "a lighthouse")}


def test_copies_within_an_answer_are_left_out(room: LocalRoom) -> None:
    def repeating(_body: dict[str, Any], before: int) -> Reply:
        one = json.loads(examples(1, str(before)))
        return said(json.dumps(one * 5))

    with Server(repeating).running() as server:
        result = made_up(room, server, judged=False)
    made = result["train"] + result["validation"]
    assert 30 < made < 50
    assert any(f"Only {made} of 50" in line.text for line in room.of_type("log"))


def test_nothing_readable_is_said_to_be_too_little(room: LocalRoom) -> None:
    with (
        Server(lambda _b, _n: said("No.")).running() as server,
        pytest.raises(StudioError, match="“Sea” is too short"),
    ):
        made_up(room, server)


def test_a_spec_that_may_not_leave_reaches_nobody(room: LocalRoom) -> None:
    away = EndpointWriter(address="https://example.org/v1", model="m")
    with pytest.raises(StudioError, match="would leave this machine"):
        prepare(room, put_sample(room, "last-ferry"), builder=PreferenceSpec(writer=away))


def test_a_short_manuscript_gets_its_people_from_itself(room: LocalRoom) -> None:
    chapters = [
        f"Chapter {n}\n\n" + " ".join(f"Marta said {n * 50 + i} words to Pell." for i in range(40))
        for n in range(1, 5)
    ]
    spec = InstructionSpec(passage_tokens=64)
    manuscript = put(room, "marta.txt", "\n\n".join(chapters).encode())
    result = prepare(room, manuscript, builder=spec)
    asked = [r["messages"][0]["content"] for r in rows(room, result, "train")]
    assert all("Marta" in request for request in asked)
