"""Values of single examples that a model gives, of which `tfdgm.evaluation.metrics` makes figures."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from tfdgm.math import categorical


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A value, or a vector, of each example.

    Attributes:
      capability: the method that a model must have.
      values: takes the model, x [B, ...], seeds int64 [B] and the family's evaluation settings; gives [B] or [B, D].
      of_label: whether it takes the label, int32 [B], besides.
      superseded_by: a method that makes it the wrong figure: a density where the data are whole levels.
    """

    capability: str
    values: Callable[..., tf.Tensor]
    of_label: bool = False
    superseded_by: str = ""


QUANTITIES: dict[str, Quantity] = {
    "log_prob": Quantity(
        "log_prob", lambda model, x, seeds, settings: model.log_prob(x), superseded_by="dequantized_log_prob"
    ),
    "dequantized_log_prob": Quantity(
        "dequantized_log_prob",
        lambda model, x, seeds, settings: model.dequantized_log_prob(x, seeds, settings.num_dequantization_samples),
    ),
    "elbo": Quantity("elbo", lambda model, x, seeds, settings: model.elbo(x, seeds, settings.num_elbo_samples)),
    "conditional_elbo": Quantity(
        "conditional_elbo",
        lambda model, x, seeds, settings, label: model.conditional_elbo(x, label, seeds, settings.num_elbo_samples),
        of_label=True,
    ),
    "iwae": Quantity(
        "iwae_bound", lambda model, x, seeds, settings: model.iwae_bound(x, seeds, settings.num_iwae_samples)
    ),
    "mean_field_iwae": Quantity(
        "mean_field_iwae_bound",
        lambda model, x, seeds, settings: model.mean_field_iwae_bound(x, seeds, settings.num_iwae_samples),
    ),
    "unnormalized_log_prob": Quantity(
        "unnormalized_log_prob", lambda model, x, seeds, settings: model.unnormalized_log_prob(x)
    ),
    "unnormalized_elbo": Quantity(
        "unnormalized_elbo",
        lambda model, x, seeds, settings: model.unnormalized_elbo(x, seeds, settings.num_elbo_samples),
    ),
    "pseudo_log_likelihood": Quantity(
        "pseudo_log_likelihood", lambda model, x, seeds, settings: model.pseudo_log_likelihood(x)
    ),
    "posterior_mean": Quantity("posterior_mean", lambda model, x, seeds, settings: model.posterior_mean(x)),
    "posterior_sample": Quantity(
        "sample_posterior", lambda model, x, seeds, settings: model.sample_posterior(x, seeds)
    ),
    "code": Quantity("code", lambda model, x, seeds, settings: model.code(x)),
    # What was encoded stands behind its code, [B, m + D].
    "code_and_input": Quantity(
        "code",
        lambda model, x, seeds, settings: tf.concat([model.code(x), tf.reshape(x, [tf.shape(x)[0], -1])], axis=1),
    ),
    "reconstruction_error": Quantity(
        "reconstruction_error", lambda model, x, seeds, settings: model.reconstruction_error(x)
    ),
    "is_correct": Quantity(
        "predict_probabilities",
        lambda model, x, seeds, settings, label: categorical.is_most_probable(model.predict_probabilities(x), label),
        of_label=True,
    ),
    "is_teacher_correct": Quantity(
        "predict_teacher",
        lambda model, x, seeds, settings, label: categorical.is_most_probable(model.predict_teacher(x), label),
        of_label=True,
    ),
    # Whether a rule speaks of the example, whether the student is right, whether the teacher is: [B, 3].
    "rule_cases": Quantity(
        "rules_apply",
        lambda model, x, seeds, settings, label: tf.stack(
            [
                tf.cast(model.rules_apply(x), model.variable_dtype),
                categorical.is_most_probable(model.predict_probabilities(x), label),
                categorical.is_most_probable(model.predict_teacher(x), label),
            ],
            axis=1,
        ),
        of_label=True,
    ),
    # True tags, the student's, the teacher's, one behind the other: [B, 3 L].
    "tags": Quantity(
        "predict_teacher_tags",
        lambda model, x, seeds, settings, label: tf.concat(
            [label, model.predict_tags(x), model.predict_teacher_tags(x)], axis=1
        ),
        of_label=True,
    ),
    "category_and_label": Quantity(
        "category",
        lambda model, x, seeds, settings, label: tf.stack([model.category(x), tf.cast(label, tf.int32)], axis=1),
        of_label=True,
    ),
    "representation_and_label": Quantity(
        "representation",
        lambda model, x, seeds, settings, label: tf.concat(
            [model.representation(x), tf.cast(label, model.variable_dtype)[:, tf.newaxis]], axis=1
        ),
        of_label=True,
    ),
    "label_nll": Quantity(
        "predict_logits",
        lambda model, x, seeds, settings, label: categorical.cross_entropy(model.predict_logits(x), label),
        of_label=True,
    ),
}
