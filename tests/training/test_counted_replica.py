"""What a replica would send, while none is there to take it."""

import tensorflow as tf

from tfdgm.core.sizes import num_bytes
from tfdgm.training.counted_replica import CountedReplica


def _traced(function, *shapes):
    replica = CountedReplica(3)

    @tf.function(autograph=False)
    def run(*args):
        with replica:
            return function(tf.distribute.get_replica_context(), *args)

    return replica, run.get_concrete_function(*map(tf.TensorSpec, shapes))


def test_sums_and_their_gradients_are_taken_down():
    def function(context, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.reduce_sum(x**2, axis=0))
        return context.num_replicas_in_sync, tape.gradient(total, x)

    replica, traced = _traced(function, (4, 5))
    assert replica.sums == [[tf.TensorSpec([5])]] * 2
    assert num_bytes(replica.sums[0]) == 20
    num_replicas, slopes = traced(tf.ones([4, 5]))
    assert num_replicas == 3
    assert slopes.numpy().tolist() == [[2.0] * 5] * 4


def test_structures_come_back_as_they_were():
    replica, traced = _traced(
        lambda context, x, y: context.all_reduce(tf.distribute.ReduceOp.MEAN, {"x": [x], "y": y}), (2,), (3, 1)
    )
    assert tf.nest.map_structure(lambda each: each.shape.as_list(), traced.structured_outputs) == {
        "x": [[2]],
        "y": [3, 1],
    }
    assert [num_bytes(specs) for specs in replica.sums] == [8 + 12]


def test_what_all_give_has_the_rows_of_all_and_known_numbers_stay_known():
    def function(context, x):
        assert tf.get_static_value(context.all_gather(tf.constant([7]), axis=0)).tolist() == [7, 7, 7]
        return context.all_gather(x, axis=1)

    replica, traced = _traced(function, (2, 4))
    assert traced.structured_outputs.shape == (2, 12)
    assert replica.gathered_bytes == 4 + 2 * 4 * 4
