"""What adversarial models learn, to the end of a preset."""

import pytest
import tensorflow as tf

from tfdgm import configs
from tfdgm.evaluation.mode_coverage import mode_coverage
from tfdgm.math.mixtures import MIXTURES
from tfdgm.training.run import train
from tfdgm.workdir.restore import restore_model
from trainers.training_measures import measure_maker


@pytest.mark.slow
def test_wgan_gp_covers_the_grid(tmp_path):
    """25 of 25 modes, at least 80% of samples within three deviations of one: six minutes."""
    train(configs.get_config("wgan_gp:mixture25"), tmp_path, make_measure=measure_maker(""))
    model, _ = restore_model(tmp_path)
    samples = model.sample(tf.range(10_000, dtype=tf.int64)).numpy()
    modes = mode_coverage(samples, MIXTURES["mixture25"].centres, MIXTURES["mixture25"].sigma)
    assert modes.num_covered == 25
    assert modes.high_quality()[0] > 0.8
