"""One version of a model, loaded and ready to call."""

import functools
import itertools
import pathlib
import re
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import tensorflow as tf

from serving import batching, signatures
from serving.signatures import Signature
from serving.status import Code, ServingError

_LOAD_COUNT = itertools.count()
_MAX_MESSAGE_LENGTH = 1024
# What TensorFlow adds to an operation's own message: where in which Python file the node was made, and its name.
_TRACE_LINE = re.compile(
    r"^(Graph execution error:|Detected at node .*|Stack trace for op definition:.*|<stack traces unavailable>"
    r"|\s+File \".*|\s*\[\[.*)$",
    re.MULTILINE,
)
_Function = Callable[..., dict[str, tf.Tensor]]
_OP_SUFFIX = re.compile(r"\[Op:[^\]]*\]|\[\[\{\{node [^\]]*\]\]")


class Servable:
    """A loaded SavedModel.

    Attributes:
      version: its number.
      path: the folder it was loaded from.
      signatures: what it publishes, by name.
      signature_defs: the same as stored in the SavedModel, for metadata requests.
    """

    def __init__(
        self,
        path: pathlib.Path,
        version: int,
        batching_parameters: batching.BatchingParameters | None = None,
        observe_batch: Callable[[str, int, float, float], None] | None = None,
    ) -> None:
        """Loads the SavedModel in the folder `path`.

        Args:
          path: the version's folder.
          version: its number.
          batching_parameters: how to merge requests; None runs each by itself.
          observe_batch: told of the batch that each request was in: the signature, and as a `BatchObserver`.

        Raises:
          OSError: where the SavedModel or a part of it is missing.
          ValueError: where it is broken, or a signature has a type this endpoint does not carry.
          ServingError: where TensorFlow refuses it.
        """
        self.version = version
        self.path = path
        self.signature_defs = signatures.read_signature_defs(path)
        try:
            # Kept whole: TensorFlow does not promise that signatures by themselves keep the variables alive.
            self._saved_model = tf.saved_model.load(str(path))
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error
        functions = dict(self._saved_model.signatures)
        # Of TensorFlow 1, whose sessions took whatever the graph can work with; only these functions can be pruned.
        self._shapeless = {name: function for name, function in functions.items() if hasattr(function, "prune")}
        self.signatures: dict[str, Signature] = {
            name: signatures.parse_signature(name, self.signature_defs[name]) for name in functions
        }
        if batching_parameters is not None:
            load = next(_LOAD_COUNT)
            for name, signature in self.signatures.items():
                if batching.is_batchable(signature):
                    queue = f"load {load} {name}"
                    observe = functools.partial(observe_batch, name) if observe_batch else None
                    functions[name] = batching.batch(functions[name], signature, batching_parameters, queue, observe)
        self._functions: dict[str, _Function] = functions

    def signature(self, name: str) -> Signature:
        """The signature `name`; the empty name is the default one.

        Raises:
          ServingError: FAILED_PRECONDITION where there is none of that name.
        """
        name = name or signatures.DEFAULT_SIGNATURE
        if name not in self.signatures:
            raise ServingError(Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
        return self.signatures[name]

    def predict(
        self, signature_name: str, inputs: Mapping[str, np.ndarray], output_filter: Iterable[str] = ()
    ) -> dict[str, np.ndarray]:
        """Calls a signature. Blocks; safe in any number of threads.

        Args:
          signature_name: empty is the default one.
          inputs: exactly the signature's, by name, each `[B, ...]`; strings as `object` arrays of `bytes`. Those of a
            SavedModel of TensorFlow 1 may have other shapes than it states, and are then in no batch.
          output_filter: outputs to give; none gives all.

        Returns:
          The outputs by name.

        Raises:
          ServingError: for inputs that do not fit, or what the model itself refuses.
        """
        signature = self.signature(signature_name)
        signature.check_inputs(inputs)
        function = self._function(signature, inputs)
        chosen = signature.select_outputs(output_filter)
        tensors = {name: tf.constant(array, signature.inputs[name].dtype.name) for name, array in inputs.items()}
        try:
            outputs = function(**tensors)
            return {name: np.asarray(outputs[name].numpy(), signature.outputs[name].dtype.numpy) for name in chosen}
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from None

    def _function(self, signature: Signature, inputs: Mapping[str, np.ndarray]) -> _Function:
        """What to call: the batched function, or of TensorFlow 1 the function itself where shapes do not fit."""
        try:
            signature.check_shapes(inputs)
        except ServingError:
            if signature.name not in self._shapeless:
                raise
            return self._shapeless[signature.name]
        return self._functions[signature.name]


def from_tensorflow(error: tf.errors.OpError) -> ServingError:
    """The same failure with a message fit for clients: one line, without stack traces and names of nodes."""
    text = _OP_SUFFIX.sub("", _TRACE_LINE.sub("", error.message))
    text = " ".join(text.split())[:_MAX_MESSAGE_LENGTH]
    return ServingError(Code(error.error_code), text or Code(error.error_code).name)
