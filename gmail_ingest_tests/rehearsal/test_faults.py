from random import Random

import pytest

from gmail_ingest_lab.rehearsal.faults import KINDS, draw_faults
from gmail_sandbox.faults import FaultRule


def test_draw_faults_repeats_with_its_seed():
    """The same seed draws the same faults, another one others."""
    assert draw_faults(Random(3)) == draw_faults(Random(3))
    assert draw_faults(Random(3)) != draw_faults(Random(4))


def test_draw_faults_draws_every_kind_in_the_end():
    """No kind of fault is left out of a long rehearsal."""
    dice = Random(1)
    drawn = {fault.kind for _ in range(200) for fault in draw_faults(dice)}
    assert drawn == {fault.kind for fault in KINDS}


@pytest.mark.parametrize("seed", range(30))
def test_draw_faults_makes_rules_that_the_sandbox_takes(seed):
    """Each fault is a rule of the sandbox, with its share of calls."""
    for fault in draw_faults(Random(seed)):
        rule = FaultRule.model_validate(fault.rule)
        assert rule.probability is not None
        assert 0 < rule.probability <= 0.5
