import math

import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.configs import UnknownNameError
from tfdgm.configs.partition import PartitionEvaluation
from tfdgm.configs.sbn import SBNEvaluation
from tfdgm.configs.vae import VAEEvaluation
from tfdgm.evaluation import codes, metrics, partition


class Density:
    name = "flow"

    def log_prob(self, x):
        return x


class Classifier:
    name = "classifier"


def test_mean_has_the_standard_error_of_a_mean():
    value, error = metrics.mean(np.array([1.0, 2.0, 3.0, 6.0]))
    assert value == 3.0
    assert error == pytest.approx(math.sqrt((4 + 1 + 0 + 9) / 3) / 2)


def test_one_example_has_no_standard_error():
    assert metrics.mean(np.array([1.0])) == (1.0, None)


def test_nll_is_the_mean_with_its_sign_changed():
    assert metrics.negative_mean(np.array([-1.0, -3.0])) == (2.0, pytest.approx(1.0))


def test_bits_per_dim_of_a_uniform_over_256_levels_is_8():
    spec = tfdgm.DataSpec((2, 3, 1))
    log_prob = np.full(5, -6 * math.log(256.0))
    assert metrics.mean_bits_per_dim(log_prob, spec) == (pytest.approx(8.0), pytest.approx(0.0))


def test_bits_per_dim_scales_the_standard_error():
    spec = tfdgm.DataSpec((4,))
    log_prob = np.array([-1.0, -2.0, -4.0])
    assert metrics.mean_bits_per_dim(log_prob, spec)[1] == pytest.approx(
        metrics.mean(log_prob)[1] / (4 * math.log(2.0))
    )


def test_active_units_are_latents_with_posterior_means_that_vary():
    sign = np.array([[1.0], [-1.0]] * 50)
    assert metrics.num_active(sign * [1.0, 0.12, 0.08, 0.0]) == (2.0, None)


def test_every_metric_is_of_a_known_quantity_and_kind():
    assert {metric.quantity for metric in metrics.METRICS.values()} - {""} == set(metrics.QUANTITIES)
    assert {metric.log_partition for metric in metrics.METRICS.values()} - {""} == set(partition.WAYS)
    assert not any("|" in metric.unit for metric in metrics.METRICS.values())  # units are cells of Markdown tables
    assert {metric.kind for metric in metrics.METRICS.values()} <= {"exact", "bound", "stochastic_bound", "estimate"}


def test_choose_gives_all_that_the_model_can():
    vae = tfdgm.build("vae", latent_dim=2, hidden_sizes=(4,))
    chosen = metrics.choose(None, vae, VAEEvaluation(num_iwae_samples=50))
    assert list(chosen) == ["elbo", "iwae_50", "nll_upper_bound", "active_units"]
    assert list(metrics.choose(None, Density(), None)) == ["log_prob", "bits_per_dim"]
    assert metrics.choose(None, Classifier(), None) == {}


def test_choose_gives_figures_of_codes_to_models_that_have_them():
    """Of reconstruction only where there is a decoder; `encode` alone, which a VAE has too, is no code of units."""
    of_the_code = [
        "mean_correlation",
        "rms_correlation",
        "max_correlation",
        "total_correlation",
        "num_codes",
        "num_lost_inputs",
    ]
    alone, reconstructing = (
        tfdgm.build("predictability_minimization", latent_dim=2, reconstruction_weight=weight) for weight in (0.0, 1.0)
    )
    assert list(metrics.choose(None, alone, None)) == of_the_code
    assert list(metrics.choose(None, reconstructing, None)) == [*of_the_code, "reconstruction_error"]


def test_choose_gives_figures_of_labels_to_models_that_predict_them():
    spec = tfdgm.DataSpec((8, 8, 1), domain="binary", num_levels=2, num_classes=10)
    assert list(metrics.choose(None, tfdgm.build("classifier", spec), None)) == ["accuracy", "nll"]
    predicting, plain = (tfdgm.build("dbm", spec, num_discriminative_steps=steps) for steps in (1, 0))
    added = set(metrics.choose(None, predicting, PartitionEvaluation()))
    assert added - set(metrics.choose(None, plain, PartitionEvaluation())) == {"accuracy"}


def test_mean_field_is_a_yardstick_where_a_net_fits_it():
    """By its own method, with or without a recognition net; the label says of how many samples."""
    settings = SBNEvaluation(num_iwae_samples=7)
    nets = {steps: tfdgm.build("sbn", hidden_sizes=(3,), num_inference_steps=steps) for steps in (0, 2)}
    offered = {steps: list(metrics.choose(None, net, settings)) for steps, net in nets.items()}
    assert offered[0] == ["elbo", "iwae_7", "nll_upper_bound", "active_units"]
    assert offered[2] == ["elbo", "iwae_7", "nll_upper_bound", "mean_field_iwae_7", "active_units"]
    x, seeds = tf.zeros([2, 8, 8, 1]), tf.range(2, dtype=tf.int64)
    found = metrics.QUANTITIES["mean_field_iwae"].values(nets[2], x, seeds, settings)
    np.testing.assert_array_equal(found, nets[2].mean_field_iwae_bound(x, seeds, 7))


def test_lost_inputs_are_told_from_codes_and_inputs_side_by_side():
    spec = tfdgm.DataSpec((3,))
    code = np.array([[0.1, 0.9], [0.2, 0.8], [0.9, 0.9]])
    assert metrics.num_lost_inputs(np.concatenate([code, np.eye(3)], axis=1), spec) == (1.0, None)


def test_figures_of_dependence_say_what_chance_alone_gives():
    code = np.random.default_rng(0).random((200, 4))
    metric = metrics.METRICS["mean_correlation"]
    assert metric.summary(code, tfdgm.DataSpec((3,)))[0] == pytest.approx(codes.mean_correlation(code))
    floor = f"{codes.chance(codes.mean_correlation, code):.3g}"
    assert metric.note(code) == f"{floor} once each unit's values are shuffled over the 200 examples: by chance alone"


@pytest.mark.parametrize("name", ["iwae", "iwae_50"])
def test_choose_takes_a_metric_by_its_name_or_its_label(name):
    vae = tfdgm.build("vae", latent_dim=2, hidden_sizes=(4,))
    assert list(metrics.choose([name], vae, VAEEvaluation(num_iwae_samples=50))) == ["iwae_50"]


def test_choose_names_the_nearest_metric():
    vae = tfdgm.build("vae", latent_dim=2, hidden_sizes=(4,))
    with pytest.raises(UnknownNameError, match=r"metric 'eblo' is unknown; did you mean 'elbo'\?"):
        metrics.choose(["eblo"], vae, VAEEvaluation())


def test_choose_names_what_the_model_can_give():
    with pytest.raises(ValueError, match="'elbo', which flow has not; it can give log_prob, bits_per_dim"):
        metrics.choose(["log_prob", "elbo"], Density(), None)
    with pytest.raises(ValueError, match="it can give none"):
        metrics.choose(["elbo"], Classifier(), None)


def rbm(num_hidden):
    return tfdgm.build("rbm", tfdgm.DataSpec((32,), domain="binary"), num_hidden=num_hidden)


def test_choose_takes_log_z_exactly_where_it_can_be_had():
    chosen = metrics.choose(None, rbm(20), PartitionEvaluation())
    assert {label: metric.kind for label, metric in chosen.items()} == {
        "log_prob": "exact",
        "log_partition": "exact",
        "pseudo_log_likelihood": "exact",
    }


def test_choose_takes_both_directions_of_annealing_elsewhere():
    chosen = metrics.choose(None, rbm(21), PartitionEvaluation())
    assert {label: metric.kind for label, metric in chosen.items()} == {
        "log_prob_ais": "estimate",
        "log_prob_reverse_ais": "estimate",
        "log_partition_ais": "estimate",
        "log_partition_reverse_ais": "estimate",
        "pseudo_log_likelihood": "exact",
    }


@pytest.mark.parametrize(("num_hidden", "expected"), [(20, ["elbo", "log_partition"]), (21, [])])
def test_a_bound_stays_one_only_where_log_z_is_exact(num_hidden, expected):
    class Bounded:
        name = "dbn"

        def normalizer(self):
            return rbm(num_hidden).normalizer()

        def unnormalized_elbo(self, x, seeds, num_samples):
            return x

    chosen = metrics.choose(None, Bounded(), PartitionEvaluation())
    assert [label for label, metric in chosen.items() if metric.kind != "estimate"] == expected
    labels = [label for label in chosen if label.startswith("elbo")]
    assert labels == (["elbo"] if expected else ["elbo_ais", "elbo_reverse_ais"])
    if expected:
        assert chosen["elbo"].kind == "stochastic_bound"


def test_annealing_can_be_asked_for_where_log_z_is_exact():
    names = ["log_prob", "log_prob_ais", "log_prob_enumeration"]
    assert list(metrics.choose(names, rbm(20), PartitionEvaluation())) == ["log_prob", "log_prob_ais"]


def test_choose_names_what_a_model_with_a_partition_function_can_give():
    model, settings = rbm(21), PartitionEvaluation()
    offer = (
        "it can give log_prob_ais, log_prob_reverse_ais, log_partition_ais, log_partition_reverse_ais, "
        "pseudo_log_likelihood"
    )
    with pytest.raises(ValueError, match=f"metric 'log_prob' needs 'log_prob', which rbm has not; {offer}"):
        metrics.choose(["log_prob"], model, settings)
    with pytest.raises(ValueError, match="'log_partition_enumeration' needs a side of at most 20 binary units, which"):
        metrics.choose(["log_partition_enumeration"], model, settings)
    with pytest.raises(ValueError, match="'log_partition_ais' needs 'normalizer', which flow has not"):
        metrics.choose(["log_partition_ais"], Density(), None)
    with pytest.raises(ValueError, match="'elbo_ais' needs 'unnormalized_elbo', which rbm has not"):
        metrics.choose(["elbo_ais"], model, settings)
    with pytest.raises(UnknownNameError, match="did you mean 'log_prob_reverse_ais'"):
        metrics.choose(["log_prob_revers_ais"], model, settings)


def test_gaussian_visibles_have_no_pseudo_log_likelihood():
    spec = tfdgm.DataSpec((4,), domain="real", num_levels=0)
    model = tfdgm.build("rbm", spec, num_hidden=3, visible_units="gaussian")
    assert list(metrics.choose(None, model, PartitionEvaluation())) == ["log_prob", "log_partition"]
