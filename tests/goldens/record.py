"""Writes down what the goldens do, for later versions to be compared with.

    python -m tests.goldens.record [GOLDEN ...]

writes `tests/goldens/values.json` (losses of the first steps, moments of samples) and
`tests/conformance/signatures.json` (what each publishes), anew for the goldens named or for all. Run it when a change
is meant, and say in the commit why the numbers move.
"""

import json
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

from tests.goldens.runs import BatchLogs
from tests.goldens.table import GOLDENS, Golden
from tfdgm.export.signatures import trace
from tfdgm.models.base import GenerativeModel

VALUES = pathlib.Path(__file__).with_name("values.json")
SIGNATURES = pathlib.Path(__file__).parents[1] / "conformance" / "signatures.json"
_NUM_STEPS, _NUM_SAMPLES = 3, 16


def values(golden: Golden) -> dict[str, list[float]]:
    """Logs of three steps of plain gradient descent, then the first moments of 16 samples.

    A model without a sampler has those of its first endpoint's answers to 16 examples.

    Gradient descent, because Adam makes a whole step of a gradient that is zero but for rounding.
    """
    model, logs = golden.build(), BatchLogs()
    model.compile({group: keras.optimizers.SGD(1e-4) for group in model.groups()})
    model.fit(golden.dataset(_NUM_STEPS), shuffle=False, verbose=0, callbacks=[logs])
    answers = {name: value.numpy().astype(np.float64) for name, value in golden.answers(model, _NUM_SAMPLES).items()}
    return {
        **{name: [step[name] for step in logs.steps] for name in logs.steps[0]},
        **{f"{name}_moments": [float(np.mean(value**power)) for power in (1, 2)] for name, value in answers.items()},
    }


def signatures(model: GenerativeModel) -> dict[str, dict[str, dict[str, str]]]:
    """Each endpoint's inputs and outputs, such as `float32[None, 8, 8, 1]`."""

    def described(tensors: dict[str, tf.Tensor]) -> dict[str, str]:
        return {name: f"{tensor.dtype.name}{tensor.shape.as_list()}" for name, tensor in sorted(tensors.items())}

    return {
        name: {
            "inputs": described(function.structured_input_signature[1]),
            "outputs": described(function.structured_outputs),
        }
        for name, function in trace(model).items()
    }


def _write(path: pathlib.Path, found: dict) -> None:
    known = json.loads(path.read_text(encoding="utf-8"))
    content = {name: found.get(name, known.get(name)) for name in GOLDENS}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    goldens = [GOLDENS[name] for name in sys.argv[1:] or GOLDENS]
    _write(VALUES, {golden.name: values(golden) for golden in goldens})
    _write(SIGNATURES, {golden.name: signatures(golden.build()) for golden in goldens})
