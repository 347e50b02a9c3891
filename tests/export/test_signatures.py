import pytest
import tensorflow as tf

import tfdgm
from tfdgm.core.types import Endpoint
from tfdgm.export.signatures import ExportError, captured_variables, trace, with_default

Z = {"z": tf.TensorSpec([None, 3], tf.float32, name="z")}


@pytest.fixture
def model():
    return tfdgm.build("vae", latent_dim=3, hidden_sizes=(8,))


def publish(model, fn, inputs=None):
    model.endpoints = lambda: {"odd": Endpoint(fn, inputs or Z)}
    return trace(model)["odd"]


def test_the_default_is_the_sampler_or_else_the_first(model):
    functions = with_default(trace(model))
    assert functions["serving_default"] is functions["sample"]
    del functions["sample"], functions["serving_default"]
    assert with_default(functions)["serving_default"] is functions["sample_mean"]


def test_only_variables_that_are_read_are_captured_each_once(model):
    functions = trace(model)
    decoder = {id(weight.value) for weight in model.decoder.weights}
    assert {id(variable) for variable in captured_variables({"a": functions["decode"], "b": functions["sample"]})} == (
        decoder
    )
    assert len(captured_variables(functions)) == len(model.encoder.weights) + len(model.decoder.weights)


@pytest.mark.parametrize(
    ("dtype", "served"),
    [
        (tf.bfloat16, tf.float32),
        (tf.float64, tf.float32),
        (tf.bool, tf.uint8),
        (tf.uint8, tf.uint8),
        (tf.int32, tf.int64),
    ],
)
def test_outputs_have_dtypes_that_clients_can_read(model, dtype, served):
    function = publish(model, lambda z: {"out": tf.cast(z, dtype)})
    assert function(z=tf.ones([2, 3]))["out"].dtype == served


@pytest.mark.parametrize(
    ("fn", "message"),
    [
        (lambda z: z, "endpoint 'odd' returns SymbolicTensor; it must be a flat dict"),
        (lambda z: {"a": {"b": z}}, "endpoint 'odd' returns dict; it must be a flat dict"),
        (lambda z: {"a": tf.reduce_sum(z)}, r"output 'a' is \(\); it must be \[None, ...\]"),
        (lambda z: {"a": tf.transpose(z)}, r"output 'a' is \(3, None\)"),
        (lambda z: {"a": tf.cast(z, tf.complex64)}, "endpoint 'odd' returns complex64; it must be floats"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(model, fn, message):
    with pytest.raises(ExportError, match=message):
        publish(model, fn)


def test_inputs_need_a_batch_dimension(model):
    with pytest.raises(ExportError, match=r"endpoint 'odd': input 'alpha' is \(\); it must be \[None, ...\]"):
        publish(model, lambda alpha: {"a": alpha}, {"alpha": tf.TensorSpec([], tf.float32)})


def test_a_model_without_endpoints_has_nothing_to_export(model):
    model.endpoints = dict
    with pytest.raises(ExportError, match="vae has no endpoints"):
        trace(model)
