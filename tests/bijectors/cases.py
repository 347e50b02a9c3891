"""One table of constructors for all bijectors, which every test of what they must keep runs through."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.actnorm import ActNorm
from tfdgm.bijectors.composition import Composition
from tfdgm.bijectors.coupling import Coupling
from tfdgm.bijectors.elementwise import Additive, Affine, RationalQuadratic, SigmoidAffine
from tfdgm.bijectors.gaussian_prior import GaussianPrior, SplitPrior
from tfdgm.bijectors.invertible_conv import LUInvertibleConv, PlainInvertibleConv
from tfdgm.bijectors.layer import BijectorLayer
from tfdgm.bijectors.masked_autoregressive import InverseAutoregressive, MaskedAutoregressive
from tfdgm.bijectors.masks import ChannelMask, CheckerboardMask
from tfdgm.bijectors.multiscale import Multiscale
from tfdgm.bijectors.permutation import Permutation, reversal, shuffle
from tfdgm.bijectors.planar import Planar
from tfdgm.bijectors.radial import Radial
from tfdgm.bijectors.repeated import Repeated
from tfdgm.bijectors.rescale import Rescale
from tfdgm.bijectors.squeeze import Squeeze
from tfdgm.networks.made import Made
from tfdgm.networks.mlp import mlp

CONTEXT_SIZE = 3


@dataclasses.dataclass(frozen=True)
class Case:
    """How a bijector is built, and how exact its inverse must be.

    Attributes:
      build: of the number of dimensions, for vectors; of none, for images.
      context_size: 0, or that of the context.
      tolerance: relative, of the inverse in float64.
      tolerance_32: in float32.
      spread: standard deviation of what is added to the weights.
    """

    build: Callable[..., BijectorLayer]
    context_size: int = 0
    tolerance: float = 1e-13
    tolerance_32: float = 5e-6
    spread: float = 0.3


def coupling(shape, mask, transform, *, context_size=0, name="coupling"):
    """With a small conditioner that Keras builds."""
    dtype = keras.config.dtype_policy().compute_dtype  # Keras takes float32 for inputs, whatever the policy
    inputs = [keras.Input(mask.kept_shape, dtype=dtype)]
    hidden = inputs[0]
    if context_size:
        inputs.append(keras.Input((context_size,), dtype=dtype))
        hidden = keras.layers.Concatenate()(inputs)
    params = mask.params_shape(transform.num_params)
    if len(shape) == 3:
        hidden = keras.layers.Conv2D(5, 3, padding="same", activation="tanh", name=f"{name}_hidden")(hidden)
        outputs = keras.layers.Conv2D(params[-1], 3, padding="same", name=f"{name}_outputs")(hidden)
    else:
        hidden = keras.layers.Dense(8, activation="tanh", name=f"{name}_hidden")(hidden)
        outputs = keras.layers.Dense(params[-1], name=f"{name}_outputs")(hidden)
    network = keras.Model(inputs, outputs, name=f"{name}_conditioner")

    def conditioner(kept, context=None):
        return network(kept if context is None else [kept, context])

    layer = Coupling(conditioner, mask, transform, uses_context=context_size > 0, name=name)
    layer.network = network  # tracked, as a Keras network given as the conditioner is
    return layer


def _vector_coupling(mask, transform, *, swap=False, context_size=0):
    def build(num_dims):
        return coupling((num_dims,), mask((num_dims,), swap=swap), transform, context_size=context_size)

    return build


def _image_coupling(shape, mask, transform, *, swap=False):
    return lambda: coupling(shape, mask(shape, swap=swap), transform)


def _autoregressive(kind, transform, *, context_size=0):
    def build(num_dims):
        network = Made(num_dims, transform.num_params, (9, 7), context_size=context_size, activation="tanh")
        return kind(network, num_dims, transform, uses_context=context_size > 0)

    return build


def _real_nvp(num_dims):
    shape, parts = (num_dims,), []
    for index in range(3):
        mask = ChannelMask(shape, swap=index % 2 == 1)
        parts += [ActNorm(shape, name=f"actnorm_{index}"), coupling(shape, mask, Affine(), name=f"coupling_{index}")]
    return Composition([*parts, Permutation(shape, reversal(num_dims)), LUInvertibleConv(shape)])


def glow_step(shape, name):
    """ActNorm, invertible convolution, coupling."""
    mask = ChannelMask(shape)
    return [
        ActNorm(shape, name=f"{name}_actnorm"),
        LUInvertibleConv(shape, name=f"{name}_convolution"),
        coupling(shape, mask, Affine(), name=f"{name}_coupling"),
    ]


def glow():
    """Three levels of one step each, of images [8, 8, 1]."""
    first = Composition([Squeeze((8, 8, 1), name="squeeze_0"), *glow_step((4, 4, 4), "step_0")], name="level_0")
    second = Composition([Squeeze((4, 4, 2), name="squeeze_1"), *glow_step((2, 2, 8), "step_1")], name="level_1")
    last = Composition([*glow_step((2, 2, 4), "step_2"), GaussianPrior((2, 2, 4))], name="level_2")
    return Multiscale([first, second, last], [SplitPrior((4, 4, 4), name="a"), SplitPrior((2, 2, 8), name="b")])


def _repeated(recompute=False):
    steps = [Composition(glow_step((3, 2, 4), f"step_{i}"), name=f"step_{i}") for i in range(2)]
    return Repeated(steps, recompute=recompute)


_SPLINE = RationalQuadratic(num_bins=5, bound=4.0)

VECTORS = {
    "actnorm": Case(lambda num_dims: ActNorm((num_dims,))),
    "plain_conv": Case(lambda num_dims: PlainInvertibleConv((num_dims,))),
    "lu_conv": Case(lambda num_dims: LUInvertibleConv((num_dims,))),
    "additive_coupling": Case(_vector_coupling(ChannelMask, Additive())),
    "affine_coupling": Case(_vector_coupling(ChannelMask, Affine())),
    "swapped_coupling": Case(_vector_coupling(ChannelMask, SigmoidAffine(), swap=True)),
    "alternating_coupling": Case(_vector_coupling(CheckerboardMask, Affine())),
    "context_coupling": Case(_vector_coupling(ChannelMask, Affine(), context_size=CONTEXT_SIZE), CONTEXT_SIZE),
    # A flat bin next to a steep one loses digits by their ratio.
    "spline_coupling": Case(_vector_coupling(ChannelMask, _SPLINE), tolerance=1e-12, tolerance_32=5e-5),
    "maf": Case(_autoregressive(MaskedAutoregressive, Affine())),
    "context_maf": Case(_autoregressive(MaskedAutoregressive, Affine(), context_size=CONTEXT_SIZE), CONTEXT_SIZE),
    "spline_maf": Case(_autoregressive(MaskedAutoregressive, _SPLINE), tolerance=1e-12, tolerance_32=5e-5),
    "iaf": Case(_autoregressive(InverseAutoregressive, Affine())),
    "context_iaf": Case(_autoregressive(InverseAutoregressive, Affine(), context_size=CONTEXT_SIZE), CONTEXT_SIZE),
    "planar": Case(Planar),
    "context_planar": Case(
        lambda num_dims: Planar(num_dims, conditioner=mlp((CONTEXT_SIZE,), (4,), (2 * num_dims + 1,), name="net")),
        CONTEXT_SIZE,
    ),
    "radial": Case(Radial),
    "context_radial": Case(
        lambda num_dims: Radial(num_dims, conditioner=mlp((CONTEXT_SIZE,), (4,), (num_dims + 2,), name="net")),
        CONTEXT_SIZE,
    ),
    "permutation": Case(
        lambda num_dims: Permutation((num_dims,), shuffle(num_dims, seed=1)), tolerance=0.0, tolerance_32=0.0
    ),
    "prior": Case(lambda num_dims: GaussianPrior((num_dims,))),
    "context_prior": Case(lambda num_dims: GaussianPrior((num_dims,), context_size=CONTEXT_SIZE), CONTEXT_SIZE),
    "real_nvp": Case(_real_nvp, tolerance=1e-12, tolerance_32=5e-5),
}

IMAGES = {
    "image_actnorm": Case(lambda: ActNorm((3, 2, 4))),
    "image_plain_conv": Case(lambda: PlainInvertibleConv((2, 3, 5))),
    "image_lu_conv": Case(lambda: LUInvertibleConv((2, 3, 5))),
    "image_permutation": Case(lambda: Permutation((2, 2, 4), reversal(4)), tolerance=0.0, tolerance_32=0.0),
    "image_coupling": Case(_image_coupling((2, 3, 5), ChannelMask, SigmoidAffine())),
    "checkerboard": Case(_image_coupling((3, 3, 2), CheckerboardMask, Affine())),
    "swapped_checkerboard": Case(_image_coupling((3, 3, 1), CheckerboardMask, Affine(), swap=True)),
    "rescale": Case(lambda: Rescale((2, 3, 1), scale=17.0, shift=8.5)),
    "repeated": Case(_repeated, tolerance=1e-12, tolerance_32=5e-5),
    "recomputed": Case(lambda: _repeated(recompute=True), tolerance=1e-12, tolerance_32=5e-5),
    "squeeze": Case(lambda: Squeeze((4, 6, 2)), tolerance=0.0, tolerance_32=0.0),
    "image_prior": Case(lambda: GaussianPrior((2, 3, 2), context_size=CONTEXT_SIZE), CONTEXT_SIZE),
    # Many matrices of such random weights together would be ill-conditioned.
    "glow": Case(glow, tolerance=1e-11, tolerance_32=1e-3, spread=0.1),
}

CASES = {**VECTORS, **IMAGES}


def build(name, dtype="float64", num_dims=4):
    """The bijector of a case, its weights moved away from where they start, and its data already seen."""
    with dtype_policy(dtype):
        layer = CASES[name].build(num_dims) if name in VECTORS else CASES[name].build()
    rng = np.random.default_rng(7)
    for variable in layer.trainable_variables:
        variable.assign(variable.numpy() + CASES[name].spread * rng.normal(size=variable.shape))
    for flag in initialized_flags(layer):
        flag.assign(tf.ones_like(flag.value))
    return layer


def initialized_flags(layer):
    """Whether data were seen, of all ActNorms within; those of repeated steps are one variable."""
    return [variable for variable in layer.variables if variable.name.endswith("initialized")]


def context_of(name, num_rows, dtype="float64", seed=3):
    """One that fits, or None."""
    size = CASES[name].context_size
    return tf.constant(np.random.default_rng(seed).normal(size=(num_rows, size)), dtype) if size else None


def points(shape, num_rows=5, scale=1.5, dtype="float64", seed=5):
    """[num_rows, *shape]."""
    return tf.constant(scale * np.random.default_rng(seed).normal(size=(num_rows, *shape)), dtype)
