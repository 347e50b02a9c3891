"""The goldens: every registered model's own networks made small, and the shapes of algorithm the contract carries."""

import dataclasses
from collections.abc import Callable, Collection, Iterable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdgm.configs import get_config
from tfdgm.core.types import DataSpec
from tfdgm.models.base import GenerativeModel
from tfdgm.models.registry import build_from_config
from tfdgm.training.fused_adam import FusedAdam

BATCH_SIZE = 8

_DIGITS = DataSpec((8, 8, 1), domain="binary", num_levels=2)
_CLASSED_DIGITS = DataSpec((8, 8, 1), domain="binary", num_levels=2, num_classes=3)
_PICTURES = DataSpec((5, 7, 3), domain="unit", num_levels=256)
_PLANE = DataSpec((2,), domain="real", num_levels=0)
_CORNERS = DataSpec((2,), domain="real", num_levels=0, num_classes=4)
_SENTENCES = DataSpec(
    (7,),
    dtype="int32",
    domain="tokens",
    num_levels=0,
    num_classes=2,
    class_names=("negative", "positive"),
    vocabulary=("", "[UNK]", "good", "bad", "but", "plain"),
)
_TAGGED = DataSpec(
    (5, 4),
    dtype="int32",
    domain="tokens",
    num_levels=0,
    num_classes=3,
    class_names=("O", "B-place", "I-place"),
    vocabulary=("", "[UNK]", "in", "new", "york"),
)
_LABELLED = DataSpec((5, 7, 3), domain="unit", num_levels=256, num_classes=3)
_STRIPES = DataSpec((8, 4, 3), domain="symmetric", num_levels=256, num_classes=3)
_SQUARES = DataSpec((8, 8, 1), domain="symmetric", num_levels=256, num_classes=3)
_WIDE_STRIPES = DataSpec((8, 16, 3), domain="symmetric", num_levels=256)
_TINTS = DataSpec((4, 8, 3), dtype="uint8", domain="uint8", num_levels=256)
_BITS = DataSpec((6,), domain="binary", num_levels=2)
_LEVELS = DataSpec((2, 2, 1), domain="unit", num_levels=4)
_SPREAD = DataSpec((2, 2, 1), domain="logit", num_levels=0, logit_alpha=0.05)

_IAF = {"posterior_flow": "iaf", "num_flow_steps": 2, "flow_hidden_sizes": (8,), "flow_context_size": 4}


@dataclasses.dataclass(frozen=True)
class Golden:
    """A tiny model with what it takes to train it.

    Attributes:
      name: in the table and in recorded values.
      make: a new model.
      spec: what its examples are.
      examples: draws examples [N, *event_shape] with a NumPy generator.
      optimizers: new optimizers by variable group.
      is_discrete: whether samples are discrete, so that rounding can flip one.
      has_sampler: whether the model has `sample`.
      registered_name: the registry entry it stands for; empty for the models of the tests' own.
    """

    name: str
    make: Callable[[], GenerativeModel]
    spec: DataSpec
    examples: Callable[[np.random.Generator, int], np.ndarray]
    optimizers: Callable[[], dict[str, keras.optimizers.Optimizer]]
    is_discrete: bool = False
    has_sampler: bool = True
    registered_name: str = ""

    def build(self) -> GenerativeModel:
        """A new model with the same weights every time."""
        keras.utils.set_random_seed(0)
        return self.make()

    def ready(self) -> GenerativeModel:
        """`build`, and data-dependent values set by a first batch: without them some models refuse to sample."""
        model = self.build()
        model.ensure_initialized(self.dataset(1))
        return model

    def build_compiled(self, **kwargs: object) -> GenerativeModel:
        """A new model with new optimizers; `kwargs` are those of `compile`."""
        model = self.build()
        model.compile(self.optimizers(), **kwargs)
        return model

    def batches(self, num_steps: int, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Global batches [num_steps, batch_size, *event_shape], the same every time."""
        rng = np.random.default_rng(0)
        x = self.examples(rng, num_steps * batch_size).astype(self.spec.dtype)
        return x.reshape(num_steps, batch_size, *self.spec.shape)

    def arrays(self, num_steps: int, batch_size: int = BATCH_SIZE) -> dict[str, np.ndarray]:
        """`batches` as `x`, and where the data have classes their `label` int32 [num_steps, batch_size]."""
        x = self.batches(num_steps, batch_size)
        if not self.spec.num_classes:
            return {"x": x}
        if self.spec.domain == "tokens" and len(self.spec.shape) == 2:  # a label a word, by its index
            words = x[..., 0]
            return {"x": x, "label": np.where(words > 0, words % self.spec.num_classes, -1).astype(np.int32)}
        return {
            "x": x,
            "label": _classes(x.reshape(-1, self.spec.num_dims), self.spec.num_classes).reshape(x.shape[:2]),
        }

    def dataset(self, num_steps: int, batch_size: int = BATCH_SIZE) -> tf.data.Dataset:
        """`arrays`, a global batch an element, as models train on them."""
        return tf.data.Dataset.from_tensor_slices(self.arrays(num_steps, batch_size))

    def answers(self, model: GenerativeModel, num: int) -> dict[str, tf.Tensor]:
        """`num` samples of `model`; where it has no sampler, what its first endpoint answers to so many examples."""
        if self.has_sampler:
            return {"sample": model.sample(tf.range(num, dtype=tf.int64))}
        x = self.batches(1, num)[0]
        x = tf.constant(x, model.variable_dtype if x.dtype.kind == "f" else x.dtype)
        return next(iter(model.endpoints().values())).fn(x=x)


def _adam(*groups: str, epsilon: float = 1e-7) -> Callable[[], dict[str, keras.optimizers.Optimizer]]:
    return lambda: {group: FusedAdam(1e-2, epsilon=epsilon) for group in groups}


def _preset(
    name: str,
    preset: str,
    spec: DataSpec,
    examples: Callable,
    *groups: str,
    is_discrete: bool = True,
    has_sampler: bool = True,
    phase: str = "",
    **fields: object,
) -> Golden:
    """In `phase` where it is named, else in the model's first."""
    config = dataclasses.replace(get_config(f"{preset}:smoke").model, **fields)

    def make() -> GenerativeModel:
        model = build_from_config(config, spec, seed=0)
        if phase:
            model.phase = next(known for known in model.phases() if known.name == phase)
        return model

    return Golden(
        name=name,
        make=make,
        spec=spec,
        examples=examples,
        optimizers=_adam(*groups),
        is_discrete=is_discrete and has_sampler,
        has_sampler=has_sampler,
        registered_name=config.model_name,
    )


def _rbm(kind: str, spec: DataSpec, examples: Callable, *, is_discrete: bool = True, **fields: object) -> Golden:
    """More chains than examples in a batch, to a number that replicas can share."""
    fields = {"num_hidden": 5, "num_chains": 12, **fields}
    return _preset(kind, "rbm:digits", spec, examples, "rbm", is_discrete=is_discrete, **fields)


def _dbm(name: str, *groups: str, **fields: object) -> Golden:
    """Three hidden layers, so that a side of the machine has two of them; the labels' phase has tests of its own."""
    fields = {"hidden_sizes": (5, 4, 3), "num_chains": 12, "num_discriminative_steps": 0, **fields}
    return _preset(name, "dbm:digits", _BITS, _words, *groups, **fields)


def _dbn(name: str, **fields: object) -> Golden:
    """A top that has room for the first layer turned round, and chains that replicas can share."""
    fields = {"hidden_sizes": (5, 8), "num_chains": 12, **fields}
    groups = ("rbm_1", "rbm_2", "generative", "recognition", "top")
    return _preset(name, "dbn:digits", _BITS, _words, *groups, **fields)


def _classifier(name: str, dataset: str, spec: DataSpec, examples: Callable, **fields: object) -> Golden:
    """No sampler: its first endpoint answers with probabilities."""
    return _preset(name, f"classifier:{dataset}", spec, examples, "classifier", has_sampler=False, **fields)


def _predictability(name: str, dataset: str, spec: DataSpec, examples: Callable, **fields: object) -> Golden:
    """An encoder against predictors: a code, and nothing to draw from."""
    preset = f"predictability_minimization:{dataset}"
    return _preset(name, preset, spec, examples, "predictors", "encoder", has_sampler=False, **fields)


def _adversarial(name: str, preset: str, spec: DataSpec, examples: Callable, **fields: object) -> Golden:
    """Two players; an epsilon that keeps the sum over replicas of a gradient near zero from deciding a step's sign."""
    groups = ("critic" if name.startswith(("wgan", "progan")) else "discriminator", "generator")
    golden = _preset(name, preset, spec, examples, *groups, is_discrete=False, **fields)
    return dataclasses.replace(golden, optimizers=_adam(*groups, epsilon=1e-3))


def _vae_gan(name: str, **fields: object) -> Golden:
    """Two players and an encoder."""
    golden = _adversarial(name, "vae_gan:digits", _STRIPES, _stripes, **fields)
    return dataclasses.replace(golden, optimizers=_adam("encoder", "discriminator", "generator", epsilon=1e-3))


def _constrained_gan(name: str, **fields: object) -> Golden:
    """Two players and a constraint that is learned."""
    fields = {"constraint_kind": "learned", "constraint_hidden_sizes": (4,), **fields}
    golden = _adversarial(name, "constrained_gan:digits", _STRIPES, _stripes, **fields)
    return dataclasses.replace(golden, optimizers=_adam("constraint", "discriminator", "generator", epsilon=1e-3))


def _biggan(name: str, **fields: object) -> Golden:
    """On the smallest images, for a short graph: the networks have tests of their own."""
    return _adversarial(name, "biggan:digits", _SQUARES, _squares, **fields)


def _progan(name: str, **fields: object) -> Golden:
    """In the fade from one resolution to the next, in which all layers of both take part."""
    fields = {"num_filters": (6, 4), "num_fade_steps": (40,), **fields}
    return _adversarial(name, "progan:digits", _WIDE_STRIPES, _wide_stripes, phase="fade_8x16", **fields)


def _flow(name: str, preset: str, **fields: object) -> Golden:
    """On points of the plane."""
    return _preset(name, preset, _PLANE, _ring, "flow", is_discrete=False, **fields)


def _glow(name: str, **fields: object) -> Golden:
    """On colours that are no square; each of two scales has its own split."""
    return _preset(name, "glow:digits", _TINTS, _tints, "flow", **fields)


def _sbn(name: str, preset: str, *groups: str, **fields: object) -> Golden:
    """Two hidden layers, and mean field for a bound beside the recognition net's."""
    fields = {"hidden_sizes": (4, 3), "num_inference_steps": 3, **fields}
    return _preset(name, preset, _BITS, _words, "generative", *groups, **fields)


def _classes(x: np.ndarray, num_classes: int) -> np.ndarray:
    """Labels int32 [N] of x [N, D], equally frequent: between which quantiles of a linear score an example lies."""
    score = x.astype(np.float64) @ np.linspace(-1.0, 1.0, x.shape[1])
    quantiles = np.quantile(score, np.arange(1, num_classes) / num_classes)
    return np.searchsorted(quantiles, score).astype(np.int32)


def _bars(rng: np.random.Generator, num: int) -> np.ndarray:
    """Pictures with one lit half, each pixel wrong with probability 0.1."""
    halves = (np.arange(64) // 4 % 2 == 0).astype(np.float64)
    clean = np.where(rng.random((num, 1)) < 0.5, halves, 1.0 - halves)
    return np.where(rng.random((num, 64)) < 0.1, 1.0 - clean, clean).reshape(num, 8, 8, 1)


def _colours(rng: np.random.Generator, num: int) -> np.ndarray:
    """Plain pictures of 8-bit colours with a little noise."""
    colour = rng.integers(40, 200, (num, 1, 1, 3))
    return (colour + rng.integers(-20, 21, (num, 5, 7, 3))) / 255.0


def _ring(rng: np.random.Generator, num: int) -> np.ndarray:
    """Points near a circle of radius 2 about (1, -1)."""
    angle = 2.0 * np.pi * rng.random(num)
    radius = 2.0 + 0.1 * rng.standard_normal(num)
    return np.stack([1.0 + radius * np.cos(angle), -1.0 + radius * np.sin(angle)], axis=-1)


def _stripes(rng: np.random.Generator, num: int) -> np.ndarray:
    """Pictures whose rows or columns have one of two colours in turn."""
    across = rng.random((num, 1, 1, 1)) < 0.5
    row, column = np.arange(8).reshape(8, 1, 1) % 2, np.arange(4).reshape(1, 4, 1) % 2
    noise = rng.integers(-20, 21, (num, 8, 4, 3))
    return (np.where(across, row, column) * 150 - 75 + noise) / 127.5


def _wide_stripes(rng: np.random.Generator, num: int) -> np.ndarray:
    """`_stripes` four times, side by side."""
    return np.tile(_stripes(rng, num), (1, 1, 4, 1))


def _squares(rng: np.random.Generator, num: int) -> np.ndarray:
    """Dark pictures with a light square of 4 pixels, and a little noise."""
    pictures = -100.0 + rng.integers(-20, 21, (num, 8, 8, 1))
    for picture, (top, left) in zip(pictures, rng.integers(0, 5, (num, 2)), strict=True):
        picture[top : top + 4, left : left + 4] += 180.0
    return pictures / 127.5


def _tints(rng: np.random.Generator, num: int) -> np.ndarray:
    """Plain pictures of whole 8-bit levels with a little noise."""
    return rng.integers(40, 200, (num, 1, 1, 3)) + rng.integers(-20, 21, (num, 4, 8, 3))


def _levels(rng: np.random.Generator, num: int) -> np.ndarray:
    """Pictures of four grey levels that are alike in each row."""
    row = rng.integers(0, 4, (num, 2, 1, 1))
    return np.where(rng.random((num, 2, 2, 1)) < 0.1, rng.integers(0, 4, (num, 2, 2, 1)), row) / 3.0


def _spread(rng: np.random.Generator, num: int) -> np.ndarray:
    """`_levels`, spread over (0, 1) by uniform noise and then over the line."""
    p = 0.05 + 0.9 * (3.0 * _levels(rng, num) + rng.random((num, 2, 2, 1))) / 4.0
    return np.log(p / (1.0 - p))


def _words(rng: np.random.Generator, num: int) -> np.ndarray:
    """Two words of six bits, each bit wrong with probability 0.1."""
    words = np.array([[1, 1, 1, 0, 0, 0], [0, 1, 0, 1, 0, 1]], np.float64)
    clean = words[rng.integers(0, 2, num)]
    return np.where(rng.random((num, 6)) < 0.1, 1.0 - clean, clean)


def _sentences(rng: np.random.Generator, num: int) -> np.ndarray:
    """Four to seven words, some with a "but" in the middle."""
    tokens = rng.integers(1, 6, (num, 7))
    return np.where(np.arange(7) < rng.integers(4, 8, (num, 1)), tokens, 0)


def _spelled(rng: np.random.Generator, num: int) -> np.ndarray:
    """Two to five words of one to three bytes."""
    words = np.where(np.arange(5) < rng.integers(2, 6, (num, 1)), rng.integers(1, 5, (num, 5)), 0)[..., np.newaxis]
    letters = np.where(np.arange(3) < rng.integers(1, 4, (num, 5, 1)), rng.integers(97, 123, (num, 5, 3)), 0)
    return np.concatenate([words, letters * (words > 0)], axis=2)


GOLDENS: dict[str, Golden] = {
    golden.name: golden
    for golden in (
        _preset("vae", "vae:digits", _DIGITS, _bars, "vae"),
        _preset("iwae", "iwae:digits", _DIGITS, _bars, "vae"),
        _preset("vae_conv", "vae:folder", _PICTURES, _colours, "vae"),
        _preset("vae_planar", "vae:digits", _DIGITS, _bars, "vae", posterior_flow="planar", num_flow_steps=2),
        _preset("vae_iaf", "vae:digits", _DIGITS, _bars, "vae", **_IAF),
        _preset("aavae", "aavae:digits", _DIGITS, _bars, "discriminator", "vae"),
        _preset("svae", "svae:digits", _CLASSED_DIGITS, _bars, "vae", objective="iwae", num_importance_samples=2),
        _preset("cvae", "cvae:mnist", _CLASSED_DIGITS, _bars, "vae", network="conv"),
        _preset("aasvae", "aasvae:digits", _CLASSED_DIGITS, _bars, "discriminator", "vae"),
        _preset(
            "aacvae",
            "aacvae:mnist",
            _CLASSED_DIGITS,
            _bars,
            "discriminator",
            "vae",
            posterior_flow="planar",
            num_flow_steps=1,
        ),
        _preset("aae", "aae:digits", _DIGITS, _bars, "autoencoder", "discriminator", "encoder"),
        _preset("saae", "saae:digits", _CLASSED_DIGITS, _bars, "autoencoder", "discriminator", "encoder", "classifier"),
        _rbm("rbm", _DIGITS, _bars),
        _rbm("rbm_fast_pcd", _BITS, _words, negative_phase="fast_pcd", centered=False, sparsity_weight=0.1),
        _rbm("rbm_tempering", _BITS, _words, negative_phase="tempering", num_temperatures=3, weight_decay=0.01),
        _rbm("rbm_gaussian", _PLANE, _ring, is_discrete=False, visible_units="gaussian", negative_phase="cd"),
        _rbm("rbm_softmax", _LEVELS, _levels, visible_units="softmax", num_gibbs_steps=2),
        _dbm("dbm", "dbm", num_pretraining_steps=0),
        _dbm("dbm_pretraining", "rbm_1", "rbm_2", "rbm_3", "dbm", num_pretraining_steps=10, phase="rbm_2"),
        _dbn("dbn", phase="up_down"),
        _dbn("dbn_greedy", phase="rbm_2", mean_field_data=True),
        _sbn("sbn_gibbs_em", "sbn:digits", procedure="gibbs_em"),
        _sbn("sbn_mean_field", "sbn:digits", procedure="mean_field", hidden_sizes=(4,)),
        _sbn("sbn_reweighted", "sbn:digits", "recognition", procedure="reweighted_wake_sleep"),
        _sbn("sbn_vimco", "sbn:digits", "recognition", procedure="vimco", num_importance_samples=3),
        _sbn("helmholtz", "helmholtz:digits", "recognition", autoregressive_prior=True, num_inference_steps=0),
        _sbn("nvil", "nvil:digits", "recognition", "baseline"),
        _predictability("predictability_minimization", "digits", _DIGITS, _bars),
        _predictability("predictability_minimization_alone", "patterns", _BITS, _words, num_predictor_steps=1),
        _classifier("classifier", "mnist", _LABELLED, _colours),
        _classifier("classifier_sentence", "sst2", _SENTENCES, _sentences),
        _preset(
            "teacher_student",
            "teacher_student:sst2",
            _SENTENCES,
            _sentences,
            "confidences",
            "classifier",
            has_sampler=False,
            imitation_steps=2,
            learns_confidences=True,
        ),
        _preset(
            "teacher_student_ensemble",
            "teacher_student:digits",
            _LABELLED,
            _colours,
            "classifier",
            "teachers",
            has_sampler=False,
            phase="student",
            temperature=4.0,
        ),
        _preset("tagger", "tagger:wnut17", _TAGGED, _spelled, "tagger", has_sampler=False, imitation_steps=2),
        _classifier("classifier_mlp", "digits", _CORNERS, _ring, network="mlp", dropout_rate=0.0, label_smoothing=0.1),
        _adversarial("gan", "gan:mixture8", _PLANE, _ring, num_discriminator_steps=2, loss="relativistic_average"),
        _adversarial(
            "dcgan",
            "dcgan:digits",
            _STRIPES,
            _stripes,
            discriminator_normalization="batch",
            penalty="none",
            penalty_weight=0.0,
        ),
        _adversarial(
            "dcgan_projection",
            "dcgan:digits",
            _STRIPES,
            _stripes,
            conditioning="projection",
            discriminator_normalization="spectral",
            loss="hinge",
        ),
        _adversarial("iwgan", "iwgan:mixture8", _CORNERS, _ring, conditioning="projection", num_importance_samples=2),
        _constrained_gan("constrained_gan"),
        _vae_gan("vae_gan", loss="minimax"),
        _adversarial(
            "infogan",
            "infogan:digits",
            _STRIPES,
            _stripes,
            num_categories=(3, 2),
            has_learned_variance=True,
            recognition_size=6,
        ),
        _adversarial("ali", "ali:digits", _STRIPES, _stripes, latent_dim=3, joint_size=6),
        _adversarial(
            "bigan",
            "ali:digits",
            _PLANE,
            _ring,
            network="mlp",
            has_noise=False,
            discriminator_normalization="spectral",
            penalty="none",
            penalty_weight=0.0,
        ),
        _adversarial("wgan", "wgan:mixture25", _PLANE, _ring, num_critic_steps=2, activation="leaky_relu"),
        _adversarial(
            "wgan_gp",
            "wgan_gp:mnist",
            _STRIPES,
            _stripes,
            conditioning="concatenation",
            discriminator_normalization="layer",
            augmentations=("color", "translation", "cutout"),
            num_critic_steps=1,
        ),
        _biggan("biggan", num_discriminator_steps=1),
        _progan("progan"),
        _flow("flow", "real_nvp:mixture8", transform="additive", mixing="plain", model_name="flow"),
        _flow("real_nvp", "real_nvp:mixture8", mixing="reversal"),
        _flow("maf", "maf:mixture8"),
        _flow("nsf", "nsf:mixture8", num_bins=4, mixing="shuffle"),
        _glow("glow", dequantization="variational"),
        _glow("glow_recompute", recompute=True, num_steps=2, mixing="plain", transform="sigmoid_affine", num_bits=5),
        _preset("gaussian", "gaussian:digits", _SPREAD, _spread, is_discrete=False),
    )
}

# One of each model class, for what differs from class to class alone: the one in which more takes part. A class that
# changes one loss of another has none: that of `aasvae` is `aavae`'s and `svae`'s too, that of `gan` `iwgan`'s.
EXEMPLARS: tuple[str, ...] = (
    "vae_iaf",
    "aasvae",
    "saae",
    "rbm",
    "dbm",
    "dbn",
    "nvil",
    "predictability_minimization",
    "teacher_student",
    "tagger",
    "gan",
    "vae_gan",
    "infogan",
    "ali",
    "wgan",
    "biggan",
    "progan",
    "nsf",
    "glow",
    "gaussian",
)

# One of each way that a model uses the base, for what depends on nothing else: one loss, chains, phases, several
# groups, statistics over the batch, values set by a first batch.
REPRESENTATIVES: tuple[str, ...] = ("vae_iaf", "rbm", "dbn", "nvil", "biggan", "glow")


def slow_but(names: Iterable[str], kept: Collection[str], value: Callable[[str], Any] = str) -> list[Any]:
    """Parameters for a test, `value` of each name; those that are not `kept` run in `make test-all` alone."""
    return [pytest.param(value(name), id=name, marks=[] if name in kept else pytest.mark.slow) for name in names]


# All goldens, where each takes several seconds: in `make test` the exemplars.
COSTLY = slow_but(GOLDENS, EXEMPLARS, GOLDENS.__getitem__)
