from __future__ import annotations

from studio.ui.signin import LONGEST_WAIT, Gate


def test_the_password_opens_the_gate() -> None:
    assert Gate().opens("Mondlicht 月光", "Mondlicht 月光", now=0.0)


def test_each_wrong_guess_doubles_the_wait() -> None:
    gate, now, waits = Gate(), 0.0, []
    for _guess in range(9):
        assert not gate.opens("wrong", "right", now)
        waits.append(gate.wait(now))
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]


def test_a_guess_that_comes_too_early_is_not_heard() -> None:
    gate = Gate()
    gate.opens("wrong", "right", now=0.0)
    assert not gate.opens("right", "right", now=0.5)
    assert gate.opens("right", "right", now=1.0)


def test_the_right_password_forgets_the_wrong_ones() -> None:
    gate = Gate()
    gate.opens("wrong", "right", now=0.0)
    gate.opens("right", "right", now=1.0)
    assert not gate.opens("wrong", "right", now=1.0)
    assert gate.wait(1.0) == 1.0
