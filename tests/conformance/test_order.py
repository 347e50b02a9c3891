"""A variable's value before a write is read before the write, in the graph that runs.

TensorFlow orders them by control edges. Its graph optimizer removes an edge where it sees another path; a path through
a shape alone is folded to a constant afterwards, and then nothing orders the two.
"""

from collections.abc import Iterable

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.grappler import tf_optimizer

from tests.goldens.table import EXEMPLARS, GOLDENS, REPRESENTATIVES, slow_but

_READS = {"ReadVariableOp", "ResourceGather", "ResourceGatherNd"}


def _two_steps(golden) -> tf.Graph:
    model = golden.build_compiled()
    batches = golden.dataset(2)
    model.ensure_initialized(batches)

    @tf.function(autograph=False)
    def run(iterator: tf.data.Iterator) -> list[dict[str, tf.Tensor]]:
        return [model._counted_train_step(next(iterator)) for _ in range(2)]

    return run.get_concrete_function(iter(batches)).graph


def _optimized(graph: tf.Graph) -> tf.compat.v1.GraphDef:
    meta_graph = tf.compat.v1.train.export_meta_graph(graph_def=graph.as_graph_def(add_shapes=True), graph=graph)
    fetches = [*(tensor.name for tensor in graph.outputs), *(op.name for op in graph.control_outputs)]
    meta_graph.collection_def["train_op"].node_list.value.extend(fetches)
    config = config_pb2.ConfigProto()
    config.graph_options.rewrite_options.min_graph_nodes = -1
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def _before(name: str, inputs: dict[str, set[str]]) -> set[str]:
    found, left = set(), [name]
    while left:
        new = inputs[left.pop()] - found
        found |= new
        left.extend(new)
    return found


def _names(inputs: Iterable[str]) -> set[str]:
    return {each.removeprefix("^").split(":")[0] for each in inputs}


@pytest.mark.parametrize("name", slow_but(EXEMPLARS, REPRESENTATIVES))
def test_no_update_can_overtake_a_read(name):
    graph = _two_steps(GOLDENS[name])
    inputs = {node.name: _names(node.input) for node in _optimized(graph).node}
    resources = {placeholder.op.name for _, placeholder in graph.captures if placeholder.dtype == tf.resource}
    num_orders = 0
    for write in graph.get_operations():
        if not write.type.startswith("Assign") or write.name not in inputs:
            continue
        variable = write.inputs[0].op.name
        assert variable in resources
        earlier = _before(write.name, inputs)
        for read in write.control_inputs:
            if read.type in _READS and read.inputs[0].op.name == variable and read.name in inputs:
                num_orders += 1
                assert read.name in earlier, f"{read.name} of {variable} may come after {write.name}"
    assert num_orders > 0
