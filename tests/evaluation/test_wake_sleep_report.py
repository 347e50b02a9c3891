"""What is said of runs of wake-sleep: the resting point, the table, the panels."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import wake_sleep_convergence as study
from tfdgm.evaluation import wake_sleep_report as report


@pytest.fixture(scope="module")
def point():
    return report.held_resting_point()


def _learned(problem, pair):
    return np.concatenate(pair)[np.array([*problem.learns_theta, *problem.learns_phi]) == 1]


def test_resting_point_rests_and_keeps_what_is_held(point):
    direction = study.direction(study.HELD, "wake-sleep", tf.constant(point.theta), tf.constant(point.phi))
    assert np.abs(np.concatenate(direction)).max() < 1e-10
    np.testing.assert_array_equal(point.theta[[1, 2, 4, 5, 6]], np.array(study.HELD.theta)[[1, 2, 4, 5, 6]])
    np.testing.assert_array_equal(point.phi[[1, 2]], np.array(study.HELD.phi)[[1, 2]])


def test_eigenvalues_are_those_of_the_directions_slopes(point):
    """By finite differences of what is learned."""
    learned = np.flatnonzero([*study.HELD.learns_theta, *study.HELD.learns_phi])
    rest = np.concatenate([point.theta, point.phi])
    rows = []
    for index in learned:
        ends = []
        for step in (1e-5, -1e-5):
            moved = rest.copy()
            moved[index] += step
            theta, phi = tf.constant(moved[:8]), tf.constant(moved[8:])
            ends.append(_learned(study.HELD, study.direction(study.HELD, "wake-sleep", theta, phi)))
        rows.append((ends[0] - ends[1]) / 2e-5)
    expected = np.sort_complex(np.linalg.eigvals(np.array(rows).T))[::-1]
    np.testing.assert_allclose(point.eigenvalues, expected, atol=1e-7)


def test_it_is_a_spiral_outwards_to_the_circle(point):
    first, second = point.eigenvalues[:2]
    assert first.real > 5e-4
    assert first == second.conjugate()
    assert 5e-3 < abs(first.imag) < 1e-2
    assert "unstable" in report.resting_line(point)
    near = (point.theta + 0.05 * np.array(study.HELD.learns_theta), point.phi)
    start = study.Problem("near", *near, study.HELD.learns_theta, study.HELD.learns_phi)
    run = study.follow(start, "wake-sleep", learning_rate=0.5, num_steps=20_000, record_every=20)
    assert np.ptp(run.log_likelihood[:100]) < 0.02  # close to it at first
    assert run.swings()[0] > 0.2


def test_a_stable_point_is_called_so():
    near = (0.0,) * 8 + (0.0,) * 6
    nothing = study.Problem("one weight", near[:8], near[8:], (0,) * 6 + (1, 0), (0,) * 6)
    point = report.resting_point(nothing, "variational", np.array(near))
    # Only x_1's bias is learned, and p(x_1 = 1) of the data is 0.2.
    assert point.theta[6] == pytest.approx(np.log(0.2 / 0.8))
    np.testing.assert_allclose(point.eigenvalues, [-0.2 * 0.8])
    assert report.resting_line(point).endswith("is -0.16000, stable.")


def test_table_and_panels_have_every_run():
    names = ("variational", "wake-sleep", "maximum likelihood")
    runs = [study.follow(study.HELD, name, learning_rate=0.5, num_steps=20, record_every=10) for name in names]
    title, *_, first, second, third = report.table(study.HELD, runs).splitlines()
    assert title == "some weights held; no log p(x) above -1.0297 nats"
    assert first.split()[:3] == ["variational", f"{runs[0].log_likelihood[-1]:.4f}", f"{runs[0].elbo[-1]:.4f}"]
    assert second.startswith("wake-sleep ")
    assert third.startswith("maximum likelihood ")
    by_step, paths = report.panels([study.HELD], [runs])
    assert [curve.name for curve in by_step.curves] == [
        "variational, log p(x)",
        "variational, ELBO",
        "wake-sleep, log p(x)",
        "wake-sleep, ELBO",
        "maximum likelihood, log p(x)",
    ]
    np.testing.assert_allclose(by_step.curves[3].y, study.HELD.negative_entropy() - runs[1].elbo)
    assert [curve.name for curve in paths.curves] == ["variational", "wake-sleep"]
