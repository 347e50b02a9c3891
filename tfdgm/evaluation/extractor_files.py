"""Opens extractors by name: a run of this package, a SavedModel, a Keras file, InceptionV3 with weights at hand."""

import contextlib
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.core.types import DataSpec
from tfdgm.evaluation.extractor import FEATURES, PROBABILITIES, Extractor, ExtractorNetwork
from tfdgm.evaluation.extractor_cache import Train, extractor_dir, trained_classifier
from tfdgm.evaluation.hashes import hash_of_files, hash_of_weights
from tfdgm.evaluation.image_conversion import require_images
from tfdgm.evaluation.keras_extractors import INCEPTION, image_shape, inception_v3, keras_network
from tfdgm.models.base import GenerativeModel
from tfdgm.workdir.files import CONFIG
from tfdgm.workdir.restore import restore_model


def open_extractor(
    settings: SampleEvaluation, data_name: str, spec: DataSpec, *, folder: str = "", train: Train | None = None
) -> Extractor:
    """The extractor that the settings name, for images of one data set.

    Args:
      settings: `extractor`, empty for `classifier:<data_name>`, and `extractor_domain`.
      data_name: of the data set.
      spec: its specification.
      folder: of trained classifiers: see `tfdgm.evaluation.extractor_cache`.
      train: trains a classifier that is not there yet; None refuses it.

    Raises:
      ValueError: for data that are no images, or an extractor that there is not.
    """
    require_images(spec)
    name = settings.extractor or f"classifier:{data_name}"
    if not name.startswith("classifier:"):
        return Extractor(open_network(name, settings.extractor_domain), spec)
    with _float32():
        workdir = trained_classifier(name, extractor_dir(folder), train)
    return Extractor(run_network(workdir, name=name), spec)


def open_network(name: str, domain: str = "unit") -> ExtractorNetwork:
    """The network that a path, or `inception_v3:<file of weights>`, names.

    Args:
      name: the folder of a run, a SavedModel folder, a `.keras` file, or InceptionV3.
      domain: values that a `.keras` file or SavedModel takes.

    Raises:
      ValueError: when there is no such thing, or it gives no features.
    """
    if name.partition(":")[0] == INCEPTION:
        with _float32():
            return inception_v3(name.partition(":")[2])
    path = pathlib.Path(name)
    if (path / CONFIG).is_file():
        return run_network(path, name=name)
    if (path / "saved_model.pb").is_file():
        return saved_model_network(path, name, domain)
    if path.suffix == ".keras" and path.is_file():
        return keras_network(path, name, domain)
    raise ValueError(
        f"extractor is {name!r}, which does not exist; it must be classifier:<dataset>, the folder of a run or of a "
        f"SavedModel, a .keras file, or {INCEPTION}:<file of weights>"
    )


def run_network(workdir: str | os.PathLike[str], *, name: str) -> ExtractorNetwork:
    """The model of a run that has `features` and `predict_probabilities`; the hash is that of its weights, in order.

    Raises:
      ValueError: when the run's model lacks them.
    """
    with _float32():
        model, _ = restore_model(workdir)
    lacking = [method for method in ("features", "predict_probabilities") if not hasattr(model, method)]
    if lacking:
        raise ValueError(f"extractor is {name!r}, whose model {model.name} has no {lacking[0]}; classifiers have")
    domain = {"symmetric": "symmetric", "uint8": "uint8"}.get(model.spec.domain, "unit")

    def outputs(x: tf.Tensor) -> dict[str, tf.Tensor]:
        x = tf.cast(x, model.variable_dtype)
        return {FEATURES: model.features(x), PROBABILITIES: model.predict_probabilities(x)}

    return ExtractorNetwork(
        name, hash_of_weights(_weights(model)), model.event_shape, domain, outputs, model.spec.num_classes, True
    )


def saved_model_network(path: pathlib.Path, name: str, domain: str) -> ExtractorNetwork:
    """A SavedModel folder; the hash is that of its files, by name and content.

    Features are the output of that name of the signature `features` or `serving_default`, or the only output;
    probabilities the output of that name of `predict` or of the same signature.

    Raises:
      ValueError: when no signature gives features of one input of images.
    """
    loaded = tf.saved_model.load(str(path))
    signatures = dict(loaded.signatures)
    features = signatures.get(FEATURES, signatures.get("serving_default"))
    if features is None:
        raise ValueError(f"extractor is {name!r}, with the signatures {sorted(signatures)}; it needs 'features'")
    feature_output = _output(features, FEATURES) or next(iter(features.structured_outputs))
    classes = next((f for f in (signatures.get("predict"), features) if f and _output(f, PROBABILITIES)), None)

    def outputs(x: tf.Tensor) -> dict[str, tf.Tensor]:
        found = {FEATURES: _called(features, x)[feature_output]}
        return found | ({PROBABILITIES: _called(classes, x)[PROBABILITIES]} if classes else {})

    outputs.loaded = loaded  # signatures hold their variables weakly

    shape = image_shape(name, tuple(_input(features).shape))
    num_classes = classes.structured_outputs[PROBABILITIES].shape[-1] if classes else 0
    return ExtractorNetwork(name, hash_of_files(sorted(path.rglob("*"))), shape, domain, outputs, num_classes)


@contextlib.contextmanager
def _float32() -> Iterator[None]:
    """Whatever is built within does not depend on the precision of the run, whose own model may be built after it."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _weights(model: GenerativeModel) -> list[Any]:
    """What features can depend on: the weights of layers, and not what counts steps and logs."""
    variables = [*model.trainable_variables, *(each for layer in model.layers for each in layer.variables)]
    return list({id(variable): variable for variable in variables}.values())


def _input(signature: Any) -> tf.TensorSpec:
    return next(iter(signature.structured_input_signature[1].values()))


def _output(signature: Any, name: str) -> str:
    return name if name in signature.structured_outputs else ""


def _called(signature: Any, x: tf.Tensor) -> dict[str, tf.Tensor]:
    (argument, spec) = next(iter(signature.structured_input_signature[1].items()))
    return signature(**{argument: tf.cast(x, spec.dtype)})
