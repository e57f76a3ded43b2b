"""What is done while the trainer runs: tell, measure, keep the best, save, stop on request."""

from __future__ import annotations

import math
import random
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.domain.events import LogLine, MetricLogged, Progressed, SampleWritten
from studio.domain.specs import TrainSpec
from studio.domain.workroom import Workroom
from studio.language import _
from studio.training import checkpoints, ranks, samples
from studio.training.arguments import examples_a_step
from studio.training.computing import Computing
from studio.training.course import Course
from studio.training.examples import Row
from studio.training.failures import climbed, diverged, not_a_number
from studio.training.likelihood import Interrupted, Likelihood, measure
from studio.training.packing import Packing

TOLD: tuple[str, ...] = ("loss", "learning_rate", "grad_norm")
RECENT = 20
"""Steps over which the rate is taken."""


@dataclass
class Lesson:
    """One attempt at one training, and what its callbacks work with."""

    spec: TrainSpec
    room: Workroom
    model: Any
    tokenizer: Any
    held_out: list[Row]
    openings: list[Row]
    """What samples go on from."""
    steps: int
    best_folder: Path
    way: Computing
    packing: Packing | None = None
    halted: bool = False
    checkpoint: str | None = None
    _began: float = field(default_factory=time.monotonic)
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT + 1))

    def measured(self) -> Likelihood:
        """The held-out likelihood of the model as it is now. Raises Interrupted."""
        found = measure(
            self.model, self.held_out, self.tokenizer.pad_token_id, stopped=self.room.stopped
        )
        return ranks.agreed(found)

    def tell_measure(self, step: int, found: Likelihood) -> None:
        self.room.emit(MetricLogged(step=step, values=found.values()))

    def write_samples(self, step: int) -> None:
        """Emit the samples of ``step``; ends early when asked to stop."""
        spec = self.spec
        for i, row in enumerate(self.openings):
            if spec.sample_tokens == 0 or self.room.stopped():
                return
            found = samples.write(
                self.model,
                self.tokenizer,
                row,
                spec.sample_tokens,
                spec.seed + i,
                self.room.stopped,
            )
            self.room.emit(SampleWritten(step=step, prompt=found.prompt, text=found.text))

    def tell_step(self, step: int, note: str = "") -> None:
        self.room.emit(
            Progressed(
                step=step, steps=self.steps, unit=_("steps"), note=note, rate=self.rate(step)
            )
        )

    def rate(self, step: int) -> float | None:
        """Steps a second over the recent past; one call for each step done."""
        if step:
            self._times.append(time.monotonic())
        if len(self._times) < 2:
            return None
        return (len(self._times) - 1) / max(1e-9, self._times[-1] - self._times[0])

    def seconds(self) -> float:
        return time.monotonic() - self._began


class Watch:
    """Follows one trainer. Each method answers one of its events."""

    def __init__(
        self, lesson: Lesson, course: Course, start: int, rate_factor: float | None = None
    ) -> None:
        """``rate_factor``: for a lesson that extends another, its learning rate over that one's."""
        self.lesson = lesson
        self.course = course
        self.start = start
        self.rate_factor = rate_factor
        self._tokens_before = course.tokens
        self._seconds_before = course.seconds
        self._random: dict[str, Any] | None = None

    def due(self, step: int) -> bool:
        return step == self.lesson.steps or step % self.lesson.spec.evaluate_every == 0

    def saving(self, step: int) -> bool:
        return step == self.lesson.steps or step % self.lesson.spec.save_every == 0

    def assess(self, step: int) -> None:
        """Measure on the held-out chapters and keep the adapter if it is the best so far."""
        found = self.lesson.measured()
        self.lesson.tell_measure(step, found)
        if self.course.judge(step, found) and ranks.first():
            self.lesson.model.save_pretrained(str(self.lesson.best_folder))

    @property
    def owes(self) -> bool:
        """Whether the earlier attempt was stopped before it measured its last step."""
        return bool(self.start) and self.due(self.start) and self.course.measured_at < self.start

    @property
    def over(self) -> bool:
        """Whether an earlier attempt did all there was to do, up to handing it over."""
        tried = self.course.unimproved >= self.lesson.spec.patience
        return self.start >= self.lesson.steps or (tried and self.start > 0)

    def begun(self, optimiser: Any, schedule: Any) -> None:
        """Plan the rate of an extended lesson anew: the schedule that was stored with it came to
        its end, and would hold on to the rate it was made for."""
        if self.rate_factor is None:
            return
        plan = getattr(schedule, "scheduler", schedule)
        plan.base_lrs = [rate * self.rate_factor for rate in plan.base_lrs]
        rates = [
            rate * share(plan.last_epoch)
            for rate, share in zip(plan.base_lrs, plan.lr_lambdas, strict=True)
        ]
        for group, base, rate in zip(optimiser.param_groups, plan.base_lrs, rates, strict=True):
            group["initial_lr"], group["lr"] = base, rate
        plan._last_lr = rates
        text = _("The learning rate goes on at {rate:.2g} and falls to nothing by step {steps}.")
        self.lesson.room.emit(LogLine(text=text.format(rate=rates[0], steps=self.lesson.steps)))

    def step_ended(self, step: int, control: Any) -> None:
        self.course.step = step
        self.lesson.tell_step(step)
        if self.lesson.spec.accumulation > 1:
            self._random = random_state()
        if self.lesson.room.stopped():
            return self.halt(control)
        if self.due(step):
            try:
                self.assess(step)
            except Interrupted:
                return self.halt(control)
            if self.course.unimproved >= self.lesson.spec.patience:
                control.should_training_stop = True
        if self.saving(step) or control.should_training_stop:
            # The last step is saved too: what is learned can then be extended.
            self.lesson.write_samples(step)
            control.should_save = True
        return None

    def substep_ended(self, step: int, control: Any) -> None:
        """Between micro-batches a stop goes back to the last whole step."""
        if not self.lesson.room.stopped():
            return
        if self._random is None:  # no step was done in this attempt: nothing to save
            self.lesson.halted = control.should_training_stop = True
            return
        restore_random_state(self._random)
        self.halt(control)

    def halt(self, control: Any) -> None:
        self.lesson.halted = True
        control.should_training_stop = True
        control.should_save = True

    def logged(self, step: int, logs: dict[str, float], control: Any) -> None:
        """Take in the loss of a step.

        Raises:
            Astray: it is no number, or its median has climbed too high.
        """
        if "loss" not in logs:
            return
        loss = logs["loss"]
        # Half precision scales the loss until gradients overflow, and leaves that step out.
        scaled = self.lesson.way.precision == "fp16"
        steep = not scaled and not math.isfinite(logs.get("grad_norm", 0.0))
        if steep or not math.isfinite(loss):
            raise diverged(self.lesson.spec, step, not_a_number())
        self.course.learn(loss)
        if self.course.astray:
            why = climbed(self.course.recent, self.course.first_loss or 0.0)
            raise diverged(self.lesson.spec, step, why)
        if loss > self.course.most and not self.lesson.halted:
            control.should_save = False  # every checkpoint is one to go back to
        self.course.tokens = self._tokens_before + int(logs.get("num_tokens", 0))
        values = {k: float(logs[k]) for k in TOLD if k in logs}
        values["tokens"] = float(self.course.tokens)
        self.lesson.room.emit(MetricLogged(step=step, values=values))

    def saved(self, step: int, folder: Path) -> None:
        self.count_time()
        lesson = self.lesson
        self.course.step = step
        self.course.read = step * examples_a_step(lesson.spec)
        ranks.wait()  # each has put its random state there
        if ranks.first():
            lesson.checkpoint = checkpoints.publish(
                folder, self.course, lesson.best_folder, lesson.room
            )

    def count_time(self) -> None:
        self.course.seconds = self._seconds_before + self.lesson.seconds()


def callback(watch: Watch) -> Any:
    """The trainer's side of a watch."""
    from transformers import TrainerCallback

    class Bridge(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(
            self, args: Any, state: Any, control: Any, optimizer: Any = None,
            lr_scheduler: Any = None, **_rest: Any,
        ) -> None:  # fmt: skip
            watch.begun(optimizer, lr_scheduler)

        def on_step_end(self, args: Any, state: Any, control: Any, **_rest: Any) -> None:
            watch.step_ended(state.global_step, control)

        def on_substep_end(self, args: Any, state: Any, control: Any, **_rest: Any) -> None:
            watch.substep_ended(state.global_step, control)

        def on_log(
            self, args: Any, state: Any, control: Any, logs: Any = None, **_rest: Any
        ) -> None:
            watch.logged(state.global_step, logs or {}, control)

        def on_save(self, args: Any, state: Any, control: Any, **_rest: Any) -> None:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            watch.saved(state.global_step, folder)

    return Bridge()


def random_state() -> dict[str, Any]:
    import numpy
    import torch

    state = {
        "python": random.getstate(),
        "numpy": numpy.random.get_state(),
        "cpu": torch.random.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.random.get_rng_state()
    return state


def restore_random_state(state: dict[str, Any]) -> None:
    import numpy
    import torch

    random.setstate(state["python"])
    numpy.random.set_state(state["numpy"])
    torch.random.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.random.set_rng_state(state["cuda"])
