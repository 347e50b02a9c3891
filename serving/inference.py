"""Classification and regression of `tf.train.Example`s by signatures made for it.

Such a signature takes one input `inputs`, serialised examples `[B]`. A classifier gives `classes` (strings) or `scores`
(float) or both, each `[B, num_classes]`; a regressor gives `outputs`, float `[B]` or `[B, 1]`.
"""

from collections.abc import Callable

import numpy as np
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

from serving.servable import Servable
from serving.signatures import DEFAULT_SIGNATURE, Signature
from serving.status import Code, ServingError, invalid_argument

CLASSIFY_METHOD = "tensorflow/serving/classify"
REGRESS_METHOD = "tensorflow/serving/regress"
_INPUTS, _CLASSES, _SCORES, _OUTPUTS = "inputs", "classes", "scores", "outputs"


def classify(
    servable: Servable, signature_name: str, examples: input_pb2.Input, check_method: bool = False
) -> classification_pb2.ClassificationResult:
    """Classes, scores or both of each example. Blocks.

    Args:
      servable: the model.
      signature_name: empty is the default one.
      examples: of the request, with or without a context that all of them share.
      check_method: refuse signatures whose SignatureDef names another method. Off, for TensorFlow 2 writes the same
        method into all that it saves.

    Raises:
      ServingError: for a signature that is no classifier, no examples, or what the model refuses.
    """
    signature = _signature(servable, signature_name, CLASSIFY_METHOD if check_method else "", "classification")
    _require_one_input(signature, "classification")
    wanted = [name for name in (_CLASSES, _SCORES) if name in signature.outputs]
    if not 1 <= len(signature.outputs) <= 2:
        raise invalid_argument(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if not wanted:
        raise ServingError(
            Code.FAILED_PRECONDITION,
            f'Expected classification signature outputs to contain at least one of "{_CLASSES}" or "{_SCORES}". '
            f"Signature was: {signature.name}",
        )
    serialized = _serialized(examples)
    outputs = servable.predict(signature.name, {_INPUTS: serialized}, wanted)
    for name, dtype in ((_CLASSES, "string"), (_SCORES, "float")):
        if name in outputs:
            _check_table(name, outputs[name], signature.outputs[name].dtype.name, dtype, len(serialized))
    if len({outputs[name].shape for name in wanted}) > 1:
        shapes = " vs. ".join(str(outputs[name].shape[1]) for name in wanted)
        raise invalid_argument(f"Tensors class and score should match in dim_size(1). Got {shapes}")
    return _classification_result(outputs)


def regress(
    servable: Servable, signature_name: str, examples: input_pb2.Input, check_method: bool = False
) -> regression_pb2.RegressionResult:
    """One number an example. Blocks; arguments and errors as of `classify`."""
    signature = _signature(servable, signature_name, REGRESS_METHOD if check_method else "", "regression")
    _require_one_input(signature, "regression")
    if len(signature.outputs) != 1:
        raise invalid_argument("Expected one output Tensor.")
    if _OUTPUTS not in signature.outputs:
        message = f"No regression outputs found in SignatureDef: {signature.name}"
        raise ServingError(Code.FAILED_PRECONDITION, message)
    serialized = _serialized(examples)
    values = servable.predict(signature.name, {_INPUTS: serialized})[_OUTPUTS]
    if signature.outputs[_OUTPUTS].dtype.name != "float":
        raise invalid_argument(f"Expected output Tensor of DT_FLOAT.  Got: {signature.outputs[_OUTPUTS].dtype.name}")
    if values.shape not in ((len(serialized),), (len(serialized), 1)):
        raise invalid_argument(
            f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {list(values.shape)}"
        )
    result = regression_pb2.RegressionResult()
    for value in values.ravel().tolist():
        result.regressions.add(value=value)
    return result


def multi_inference(
    servable: Servable, request: inference_pb2.MultiInferenceRequest, check_method: bool = False
) -> inference_pb2.MultiInferenceResponse:
    """Several classifiers and regressors of one model on the same examples. Blocks.

    Args:
      servable: the model that every task names.
      request: its tasks name signature and method.
      check_method: as of `classify`.

    Raises:
      ServingError: as `classify`; INVALID_ARGUMENT for tasks of several models, or two of one signature.
    """
    names = [task.model_spec.signature_name or DEFAULT_SIGNATURE for task in request.tasks]
    for task, name in zip(request.tasks, names, strict=True):
        if task.model_spec.name != request.tasks[0].model_spec.name:
            message = "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            raise invalid_argument(message)
        if names.count(name) > 1:
            raise invalid_argument(f"Duplicate evaluation of signature: {name}")
        if task.method_name not in (CLASSIFY_METHOD, REGRESS_METHOD):
            raise ServingError(Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}")
    response = inference_pb2.MultiInferenceResponse()
    for task, name in zip(request.tasks, names, strict=True):
        result = response.results.add()
        if task.method_name == CLASSIFY_METHOD:
            result.classification_result.CopyFrom(classify(servable, name, request.input, check_method))
        else:
            result.regression_result.CopyFrom(regress(servable, name, request.input, check_method))
        result.model_spec.name, result.model_spec.signature_name = task.model_spec.name, name
        result.model_spec.version.value = servable.version
    return response


def num_examples(examples: input_pb2.Input) -> int:
    """How many there are, whichever way they came."""
    kind = examples.WhichOneof("kind")
    return len(getattr(examples, kind).examples) if kind else 0


def _signature(servable: Servable, name: str, method: str, kind: str) -> Signature:
    name = name or DEFAULT_SIGNATURE
    if name not in servable.signatures:
        raise invalid_argument(f"No signature was found with the name: {name}")
    found = servable.signature_defs[name].method_name
    if method and found != method:
        raise invalid_argument(f"Expected {kind} signature method_name to be {method}. Was: {found}")
    return servable.signatures[name]


def _require_one_input(signature: Signature, kind: str) -> None:
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    info = signature.inputs.get(_INPUTS)
    if info is None or info.dtype.name != "string":
        message = f"No {kind} inputs found in SignatureDef: {signature.name}"
        raise ServingError(Code.FAILED_PRECONDITION, message)


def _serialized(examples: input_pb2.Input) -> np.ndarray:
    if not num_examples(examples):
        raise invalid_argument("Input is empty.")
    # Joined messages are one message, in which the later one's features win.
    prefix = b""
    if examples.HasField("example_list_with_context"):
        prefix = examples.example_list_with_context.context.SerializeToString()
    rows = [prefix + example.SerializeToString() for example in getattr(examples, examples.WhichOneof("kind")).examples]
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


def _check_table(name: str, array: np.ndarray, found: str, dtype: str, batch_size: int) -> None:
    if array.ndim != 2:
        raise invalid_argument(f"Expected Tensor shape: [batch_size num_classes] but got {list(array.shape)}")
    if found != dtype:
        raise invalid_argument(f"Expected {name} Tensor of DT_{dtype.upper()}. Got: {found}")
    if len(array) != batch_size:
        raise invalid_argument(f"Expected {name} output batch size of {batch_size}. Got: {len(array)}")


def _classification_result(outputs: dict[str, np.ndarray]) -> classification_pb2.ClassificationResult:
    setters: dict[str, Callable[[classification_pb2.Class, object], None]] = {
        _CLASSES: lambda one, value: setattr(one, "label", value.decode(errors="replace")),
        _SCORES: lambda one, value: setattr(one, "score", value),
    }
    result = classification_pb2.ClassificationResult()
    batch_size, num_classes = next(iter(outputs.values())).shape
    for row in range(batch_size):
        classes = result.classifications.add().classes
        for column in range(num_classes):
            one = classes.add()
            for name, array in outputs.items():
                setters[name](one, array[row, column])
    return result
