"""The plan of levels and phases, and what it refuses."""

import re

import pytest

from tfdgm.models.growth import Growth, Stage


def test_levels_of_a_square():
    growth = Growth((32, 32, 1), 4)
    assert [growth.size(level) for level in range(4)] == [(4, 4), (8, 8), (16, 16), (32, 32)]
    assert [growth.factor(level) for level in range(4)] == [8, 4, 2, 1]
    assert growth.base_size == (4, 4)


def test_stages_and_phases_follow_each_other():
    growth = Growth((16, 16, 3), 3, (10, 20, 30), (40, 50), (64, 32, 16))
    assert [(phase.name, phase.steps, phase.batch_size) for phase in growth.phases()] == [
        ("stabilize_4", 10, 64),
        ("fade_8", 40, 32),
        ("stabilize_8", 20, 32),
        ("fade_16", 50, 16),
        ("stabilize_16", 30, 16),
    ]
    assert all(phase.reset_optimizers for phase in growth.phases())
    assert growth.stages()[3] == Stage("fade_16", 2, is_fading=True)


def test_what_is_left_out_is_the_run_s():
    phases = Growth((8, 8, 1), 2).phases()
    assert [phase.name for phase in phases] == ["stabilize_4", "fade_8", "stabilize_8"]
    assert all(phase.steps is None and phase.batch_size is None for phase in phases)


def test_the_shorter_side_decides():
    growth = Growth((24, 16, 3), 3)
    assert growth.base_size == (6, 4)
    assert [stage.name for stage in growth.stages()] == [
        "stabilize_6x4",
        "fade_12x8",
        "stabilize_12x8",
        "fade_24x16",
        "stabilize_24x16",
    ]


def test_four_pixels_do_not_grow():
    assert [phase.name for phase in Growth((4, 4, 1), 1).phases()] == ["stabilize_4"]


REFUSED = [
    (((28, 28, 1), 3), "data.image_height is 28; the shorter side must be 4 * 2^n, to grow from 4 on: 16 or 32"),
    (((32, 3, 1), 1), "data.image_width is 3; the shorter side must be 4 * 2^n, to grow from 4 on: 4"),
    (((16, 18, 1), 3), "data.image_width is 18; 2 doublings need a multiple of 4: 16 or 20"),
    (((22, 16, 1), 3), "data.image_height is 22; 2 doublings need a multiple of 4: 20 or 24"),
    (
        ((16, 16, 1), 4),
        "num_filters has 4 numbers; 16x16 images need 3, one for each length of the shorter side: 4, 8, 16",
    ),
    (
        ((8, 8, 1), 2, (10,)),
        "num_stabilize_steps is (10,); it needs one number for each of the 2 levels, or none",
    ),
    (
        ((8, 8, 1), 2, (), (10, 10)),
        "num_fade_steps is (10, 10); it needs one number for each of the 1 levels above the first, or none",
    ),
    (((8, 8, 1), 2, (), (), (8,)), "batch_sizes is (8,); it needs one number for each of the 2 levels, or none"),
    (((8, 8, 1), 2, (), (0,)), "the least of num_fade_steps is 0; it must be at least 1"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=[message[:30] for _, message in REFUSED])
def test_bad_plans_are_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Growth(*arguments)
