import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.configs import UnknownNameError
from tfdgm.configs.partition import PartitionEvaluation
from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.configs.sbn import SBNEvaluation
from tfdgm.configs.vae import VAEEvaluation
from tfdgm.evaluation.quantities import QUANTITIES
from tfdgm.evaluation.selection import choose, select


class Density:
    name = "flow"
    spec = tfdgm.DataSpec((2,), domain="real", num_levels=0)

    def log_prob(self, x):
        return x


class Mass(Density):
    name = "autoregression"
    spec = tfdgm.DataSpec((2,), domain="unit", num_levels=4)


class DensityOfLevels(Mass):
    def dequantized_log_prob(self, x, seeds, num_samples):
        del seeds, num_samples
        return x


class Classifier:
    name = "classifier"


def test_choose_gives_all_that_the_model_can():
    vae = tfdgm.build("vae", latent_dim=2, hidden_sizes=(4,))
    chosen = choose(None, vae, VAEEvaluation(num_iwae_samples=50))
    assert list(chosen) == ["elbo", "iwae_50", "nll_upper_bound", "active_units"]
    assert list(choose(None, Density(), None)) == ["log_prob"]
    assert choose(None, Classifier(), None) == {}


def test_figures_of_labels_need_data_with_classes():
    class Categories:
        name = "categories"
        spec = tfdgm.DataSpec((2,), num_classes=3)

        def category(self, x):
            return x

    class Unlabelled(Categories):
        spec = tfdgm.DataSpec((2,))

    assert list(choose(None, Categories(), None)) == ["category_accuracy"]
    assert choose(None, Unlabelled(), None) == {}
    with pytest.raises(ValueError, match="metric 'category_accuracy' needs data with classes"):
        choose(["category_accuracy"], Unlabelled(), None)


def test_bits_per_dimension_are_of_levels_and_a_density_of_levels_gives_bounds():
    assert list(choose(None, Mass(), None)) == ["log_prob", "bits_per_dim"]
    assert list(choose(None, DensityOfLevels(), None)) == ["log_prob_lower_bound", "bits_per_dim_upper_bound"]
    with pytest.raises(ValueError, match="metric 'bits_per_dim' needs data of whole levels"):
        choose(["bits_per_dim"], Density(), None)
    with pytest.raises(ValueError, match="metric 'log_prob' needs continuous data"):
        choose(["log_prob"], DensityOfLevels(), None)


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
    assert list(choose(None, alone, None)) == of_the_code
    assert list(choose(None, reconstructing, None)) == [*of_the_code, "reconstruction_error"]


def test_choose_gives_figures_of_labels_to_models_that_predict_them():
    spec = tfdgm.DataSpec((8, 8, 1), domain="binary", num_levels=2, num_classes=10)
    assert list(choose(None, tfdgm.build("classifier", spec), None)) == ["accuracy", "nll"]
    predicting, plain = (tfdgm.build("dbm", spec, num_discriminative_steps=steps) for steps in (1, 0))
    added = set(choose(None, predicting, PartitionEvaluation()))
    assert added - set(choose(None, plain, PartitionEvaluation())) == {"accuracy"}


def test_mean_field_is_a_yardstick_where_a_net_fits_it():
    """By its own method, with or without a recognition net; the label says of how many samples."""
    settings = SBNEvaluation(num_iwae_samples=7)
    nets = {steps: tfdgm.build("sbn", hidden_sizes=(3,), num_inference_steps=steps) for steps in (0, 2)}
    offered = {steps: list(choose(None, net, settings)) for steps, net in nets.items()}
    assert offered[0] == ["elbo", "iwae_7", "nll_upper_bound", "active_units"]
    assert offered[2] == ["elbo", "iwae_7", "nll_upper_bound", "mean_field_iwae_7", "active_units"]
    x, seeds = tf.zeros([2, 8, 8, 1]), tf.range(2, dtype=tf.int64)
    found = QUANTITIES["mean_field_iwae"].values(nets[2], x, seeds, settings)
    np.testing.assert_array_equal(found, nets[2].mean_field_iwae_bound(x, seeds, 7))


@pytest.mark.parametrize("name", ["iwae", "iwae_50"])
def test_choose_takes_a_metric_by_its_name_or_its_label(name):
    vae = tfdgm.build("vae", latent_dim=2, hidden_sizes=(4,))
    assert list(choose([name], vae, VAEEvaluation(num_iwae_samples=50))) == ["iwae_50"]


def test_choose_names_the_nearest_metric():
    vae = tfdgm.build("vae", latent_dim=2, hidden_sizes=(4,))
    with pytest.raises(UnknownNameError, match=r"metric 'eblo' is unknown; did you mean 'elbo'\?"):
        choose(["eblo"], vae, VAEEvaluation())


def test_choose_names_what_the_model_can_give():
    with pytest.raises(ValueError, match="'elbo', which flow has not; it can give log_prob"):
        choose(["log_prob", "elbo"], Density(), None)
    with pytest.raises(ValueError, match="it can give none"):
        choose(["elbo"], Classifier(), None)


def rbm(num_hidden):
    return tfdgm.build("rbm", tfdgm.DataSpec((32,), domain="binary"), num_hidden=num_hidden)


def test_choose_takes_log_z_exactly_where_it_can_be_had():
    chosen = choose(None, rbm(20), PartitionEvaluation())
    assert {label: metric.kind for label, metric in chosen.items()} == {
        "log_prob": "exact",
        "log_partition": "exact",
        "pseudo_log_likelihood": "exact",
    }


def test_choose_takes_both_directions_of_annealing_elsewhere():
    chosen = choose(None, rbm(21), PartitionEvaluation())
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

    chosen = choose(None, Bounded(), PartitionEvaluation())
    assert [label for label, metric in chosen.items() if metric.kind != "estimate"] == expected
    labels = [label for label in chosen if label.startswith("elbo")]
    assert labels == (["elbo"] if expected else ["elbo_ais", "elbo_reverse_ais"])
    if expected:
        assert chosen["elbo"].kind == "stochastic_bound"


def test_annealing_can_be_asked_for_where_log_z_is_exact():
    names = ["log_prob", "log_prob_ais", "log_prob_enumeration"]
    assert list(choose(names, rbm(20), PartitionEvaluation())) == ["log_prob", "log_prob_ais"]


def test_choose_names_what_a_model_with_a_partition_function_can_give():
    model, settings = rbm(21), PartitionEvaluation()
    offer = (
        "it can give log_prob_ais, log_prob_reverse_ais, log_partition_ais, log_partition_reverse_ais, "
        "pseudo_log_likelihood"
    )
    with pytest.raises(ValueError, match=f"metric 'log_prob' needs 'log_prob', which rbm has not; {offer}"):
        choose(["log_prob"], model, settings)
    with pytest.raises(ValueError, match="'log_partition_enumeration' needs a side of at most 20 binary units, which"):
        choose(["log_partition_enumeration"], model, settings)
    with pytest.raises(ValueError, match="'log_partition_ais' needs 'normalizer', which flow has not"):
        choose(["log_partition_ais"], Density(), None)
    with pytest.raises(ValueError, match="'elbo_ais' needs 'unnormalized_elbo', which rbm has not"):
        choose(["elbo_ais"], model, settings)
    with pytest.raises(UnknownNameError, match="did you mean 'log_prob_reverse_ais'"):
        choose(["log_prob_revers_ais"], model, settings)


def test_gaussian_visibles_have_no_pseudo_log_likelihood():
    spec = tfdgm.DataSpec((4,), domain="real", num_levels=0)
    model = tfdgm.build("rbm", spec, num_hidden=3, visible_units="gaussian")
    assert list(choose(None, model, PartitionEvaluation())) == ["log_prob", "log_partition"]


def config(preset="vae:digits:smoke", **evaluation):
    made = tfdgm.get_config(preset)
    for name, value in evaluation.items():
        setattr(made.evaluation, name, value)
    return made


def select_for_vae(names, settings=None):
    vae = tfdgm.build("vae", latent_dim=2, hidden_sizes=(4,))
    return select(
        names, vae, tfdgm.DataSpec((8, 8, 1), domain="binary", num_classes=10), config(), settings or SampleEvaluation()
    )


def test_by_default_there_are_figures_of_examples_and_those_of_samples_that_the_configuration_lists():
    chosen = select_for_vae(None)
    assert (list(chosen.of_examples), chosen.of_samples) == (["elbo", "iwae_50", "nll_upper_bound", "active_units"], [])
    assert not chosen.needs_extractor
    chosen = select_for_vae(None, SampleEvaluation(metrics=("is", "parzen")))
    assert "elbo" in chosen.of_examples
    assert chosen.of_samples == ["inception_score", "parzen"]
    assert chosen.needs_extractor


def test_both_kinds_are_chosen_by_name():
    chosen = select_for_vae(["fid", "elbo", "prdc", "c_fid"])
    assert list(chosen.of_examples) == ["elbo"]
    assert chosen.of_samples == ["fid", "precision", "recall", "density", "coverage"]
    chosen = select_for_vae(["parzen"])
    assert (chosen.of_examples, chosen.of_samples, chosen.needs_extractor) == ({}, ["parzen"], False)


def test_names_near_those_of_either_kind_are_told():
    with pytest.raises(UnknownNameError, match=r"metric 'fidd' is unknown; did you mean 'fid'\?"):
        select_for_vae(["fidd"])
    with pytest.raises(UnknownNameError, match=r"metric 'pardc' is unknown; did you mean 'prdc'\?"):
        select_for_vae(["pardc"])
    with pytest.raises(UnknownNameError, match="metric of evaluation.metrics 'elbo' is unknown"):
        select_for_vae(None, SampleEvaluation(metrics=("elbo",)))


def test_what_a_model_can_give_is_told_of_both_kinds():
    offer = "it can give elbo, iwae_50, nll_upper_bound, active_units, fid, kid, .*, sliced_wasserstein$"
    with pytest.raises(ValueError, match=f"'modes_covered' needs data that are a known mixture, which vae.*{offer}"):
        select_for_vae(["modes_covered"])
    with pytest.raises(ValueError, match=f"metric 'log_prob' needs 'log_prob', which vae has not; {offer}"):
        select_for_vae(["log_prob"])
    spec = tfdgm.DataSpec((8, 8, 1))
    with pytest.raises(ValueError, match="'fid' needs 'sample', which flow has not; it can give log_prob"):
        select(["fid"], Density(), spec, config(), SampleEvaluation())
