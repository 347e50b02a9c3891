"""Extractors of Keras's own: any model in a `.keras` file, and InceptionV3 of `keras.applications`."""

import os
import pathlib
from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

from tfdgm.evaluation.extractor import FEATURES, PROBABILITIES, ExtractorNetwork
from tfdgm.evaluation.hashes import hash_of_files

INCEPTION = "inception_v3"
_INCEPTION_SHAPE = (299, 299, 3)


def keras_network(path: pathlib.Path, name: str, domain: str) -> ExtractorNetwork:
    """A `.keras` file with one input of images; the hash is the file's.

    Its outputs are a dict with `features` and maybe `probabilities`; or one array of features; or the probabilities of
    a last softmax layer, whose input are the features then.

    Raises:
      ValueError: when it is none of these.
    """
    model = keras.models.load_model(path, compile=False)
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs[0], model.outputs[0])
    shape = image_shape(name, tuple(model.input_shape) if not isinstance(model.input_shape, list | dict) else ())
    outputs, num_classes = _keras_outputs(model)
    return ExtractorNetwork(name, hash_of_files([path]), shape, domain, outputs, num_classes)


def inception_v3(weights: str) -> ExtractorNetwork:
    """InceptionV3 of `keras.applications`: features are its 2,048 means before the classes; the hash is the file's.

    It is not the graph of 2015 that published FIDs are worked out with, so that its figures differ from those.

    Args:
      weights: file of weights, with or without the 1,000 classes; nothing is ever downloaded.

    Raises:
      ValueError: when there is no such file.

    References:
      Szegedy, Vanhoucke, Ioffe, Shlens & Wojna (2016), Rethinking the Inception Architecture for Computer Vision.
    """
    if not weights or not os.path.isfile(weights):
        raise ValueError(
            f"extractor is {INCEPTION!r} with weights {weights!r}, which is no file; name one that is at hand, "
            f"{INCEPTION}:<file>: nothing is downloaded"
        )
    with_classes = "notop" not in os.path.basename(weights)
    if with_classes:
        classifier = keras.applications.InceptionV3(weights=None)
        classifier.load_weights(weights)
        model = keras.Model(
            classifier.inputs[0], {FEATURES: classifier.layers[-1].input, PROBABILITIES: classifier.outputs[0]}
        )
    else:
        trunk = keras.applications.InceptionV3(
            weights=None, include_top=False, pooling="avg", input_shape=_INCEPTION_SHAPE
        )
        trunk.load_weights(weights)
        model = keras.Model(trunk.inputs[0], {FEATURES: trunk.outputs[0]})
    outputs, num_classes = _keras_outputs(model)
    sha256 = hash_of_files([pathlib.Path(weights)])
    return ExtractorNetwork(INCEPTION, sha256, _INCEPTION_SHAPE, "symmetric", outputs, num_classes)


def image_shape(name: str, batch_shape: tuple[int | None, ...]) -> tuple[int, int, int]:
    """[H, W, C] of one input of images; refuses, by ValueError, whatever else an extractor takes."""
    if len(batch_shape) != 4 or None in batch_shape[1:]:
        raise ValueError(f"extractor is {name!r}, which takes {batch_shape}; it must take one input [None, H, W, C]")
    return tuple(batch_shape[1:])


def _keras_outputs(model: keras.Model) -> tuple[Callable[[tf.Tensor], Mapping[str, tf.Tensor]], int]:
    if isinstance(model.output, dict):
        if FEATURES not in model.output:
            raise ValueError(f"the extractor's outputs are {sorted(model.output)}; one must be called 'features'")
        num_classes = model.output[PROBABILITIES].shape[-1] if PROBABILITIES in model.output else 0
        return lambda x: _named(model(x, training=False)), num_classes
    if isinstance(model.output, list | tuple):
        raise ValueError(f"the extractor has {len(model.output)} outputs; of several one must be called 'features'")
    last = model.layers[-1]
    is_softmax = (
        isinstance(last, keras.layers.Softmax) or getattr(last, "activation", None) is keras.activations.softmax
    )
    if not is_softmax:
        return lambda x: {FEATURES: model(x, training=False)}, 0
    both = keras.Model(model.inputs[0], {FEATURES: last.input, PROBABILITIES: model.outputs[0]})
    return lambda x: both(x, training=False), model.output_shape[-1]


def _named(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {name: outputs[name] for name in (FEATURES, PROBABILITIES) if name in outputs}
