"""Consent: every legal step and no other."""

from __future__ import annotations

import pytest

from subscribers.consent import MOVES, Status, Step, after


def test_a_reader_asks_confirms_and_leaves():
    status = after(None, Step.REQUESTED)
    assert status is Status.PENDING
    status = after(status, Step.CONFIRMED)
    assert status is Status.CONFIRMED
    assert after(status, Step.LEFT) is Status.LEFT


@pytest.mark.parametrize("step", [Step.REQUESTED, Step.CONFIRMED])
def test_asking_again_never_downgrades(step: Step):
    assert after(Status.CONFIRMED, step) is Status.CONFIRMED


def test_who_left_and_asks_again_has_left_until_they_confirm():
    assert after(Status.LEFT, Step.REQUESTED) is Status.LEFT
    assert after(Status.LEFT, Step.CONFIRMED) is Status.CONFIRMED


@pytest.mark.parametrize("step", [Step.REQUESTED, Step.CONFIRMED, Step.LEFT, Step.SUPPRESSED])
def test_no_step_of_their_own_brings_a_suppressed_reader_back(step: Step):
    assert after(Status.SUPPRESSED, step) is Status.SUPPRESSED


@pytest.mark.parametrize("status", Status)
def test_suppression_is_reached_from_every_status(status: Status):
    assert after(status, Step.SUPPRESSED) is Status.SUPPRESSED


def test_nobody_becomes_mailable_without_a_confirmation():
    assert {
        step for (frm, step), to in MOVES.items() if to is Status.CONFIRMED and frm is not Status.CONFIRMED
    } == {Step.CONFIRMED}


def test_a_step_that_is_not_listed_is_a_bug():
    with pytest.raises(KeyError):
        after(None, Step.LEFT)
