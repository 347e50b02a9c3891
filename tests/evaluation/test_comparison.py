import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.data import Data
from tfdgm.evaluation.comparison import Comparison, RealSide, draw_samples, flat, takes_label
from tfdgm.evaluation.extractor import Extracted


class Sampler:
    """Row i is noise of its seed alone, plus its label."""

    def __init__(self, shape=(2,)):
        self.spec, self.sizes = DataSpec(shape, domain="real"), []

    def sample(self, seeds, label=None):
        self.sizes.append(seeds.shape[0])
        x = philox.row_normal(seeds, self.spec.shape)
        return x if label is None else x + 100.0 * tf.cast(label, tf.float32)[:, tf.newaxis]


def real_side(spec, x, **arrays):
    data = Data.from_arrays(x, x[:3], x[:5], spec=spec, **arrays)
    return RealSide(data, "mine", "test", seed=0)


VECTORS = np.arange(20.0, dtype=np.float32).reshape(10, 2)


def test_samples_are_drawn_by_seeds_in_batches_of_one_size():
    sampler = Sampler()
    x = draw_samples(sampler, 600, seed=3)
    assert x.shape == (600, 2)
    assert x.dtype == np.float32
    assert sampler.sizes == [250]  # traced once
    assert len(np.unique(x)) == 1200
    np.testing.assert_array_equal(draw_samples(Sampler(), 251, seed=3), x[:251])
    assert not np.isin(draw_samples(Sampler(), 600, seed=4), x).any()


def test_large_samples_are_drawn_fewer_at_once():
    sampler = Sampler((200, 200, 3))
    assert draw_samples(sampler, 4, seed=0).shape == (4, 200, 200, 3)
    assert sampler.sizes == [3]


def test_conditional_samples_get_their_labels():
    labels = np.arange(300, dtype=np.int32) % 7
    plain, x = draw_samples(Sampler(), 300, seed=0), draw_samples(Sampler(), 300, seed=0, labels=labels)
    np.testing.assert_allclose(x - plain, np.repeat(100.0 * labels[:, np.newaxis], 2, axis=1), rtol=1e-5)


def test_a_model_takes_labels_by_its_signature_unless_it_says_that_it_has_none():
    sampler = Sampler()
    assert takes_label(sampler)
    sampler.num_labels = 0
    assert not takes_label(sampler)
    assert not takes_label(tfdgm.build("vae", latent_dim=2, hidden_sizes=(4,)))


def test_the_real_side_reads_splits_in_order():
    labels = np.arange(10) % 4
    spec = DataSpec((2,), domain="real", num_classes=4)
    real = real_side(spec, VECTORS, label_train=labels, label_validation=labels[:3], label_test=labels[:5])
    np.testing.assert_array_equal(real.x, VECTORS[:5])
    first = real.first("train", 4)
    np.testing.assert_array_equal(first["x"], VECTORS[:4])
    np.testing.assert_array_equal(first["label"], labels[:4])
    assert len(real.first("train", 99)["x"]) == 10
    assert set(real_side(DataSpec((2,), domain="real"), VECTORS).first("train")) == {"x"}


def test_features_are_worked_out_once():
    class Counting:
        calls = 0

        def extract(self, x, title):
            self.calls += 1
            return Extracted(flat(x), None)

    spec = DataSpec((2, 1, 1))
    real = real_side(spec, VECTORS.reshape(10, 2, 1, 1))
    real.extractor = Counting()
    both = Comparison(real, SampleEvaluation(num_neighbours=2), VECTORS[:6].reshape(6, 2, 1, 1))
    assert both.neighbours is both.neighbours
    assert both.outputs.features.shape == (6, 2)
    assert real.outputs.features.shape == (5, 2)
    assert real.extractor.calls == 2
    assert both.neighbours.precision()[0] == 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_counted(bad):
    samples = VECTORS.copy()
    samples[2] = bad
    samples[5, 1] = bad
    both = Comparison(real_side(DataSpec((2,), domain="real"), VECTORS), SampleEvaluation(), samples)
    assert both.num_non_finite == 2


def test_pixels_have_the_scale_from_0_to_1():
    def pixels(spec, values):
        x = np.zeros((10, *spec.shape), np.float32)
        return Comparison(real_side(spec, x), SampleEvaluation(), x).pixels(np.asarray(values))

    np.testing.assert_allclose(pixels(DataSpec((2,), domain="symmetric"), [-1.0, 0.5]), [0.0, 0.75])
    np.testing.assert_allclose(pixels(DataSpec((2, 2, 1), domain="real"), [-7.0, 0.3]), [0.0, 0.3], rtol=1e-6)


def test_a_mixture_s_modes_are_counted_by_the_data_s_name():
    from tfdgm.math.mixtures import MIXTURES

    mixture = MIXTURES["mixture8"]
    samples, _ = mixture.sample(np.random.default_rng(0), 4_000)
    real = real_side(DataSpec((2,), domain="real"), VECTORS)
    real.name = "mixture8"
    both = Comparison(real, SampleEvaluation(), samples.astype(np.float32))
    assert both.modes.num_covered == 8
    assert both.modes.high_quality()[0] == pytest.approx(0.989, abs=0.01)
