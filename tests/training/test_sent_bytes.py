"""What goes round a ring, and what of a step is gradients, statistics and writes that replicas agree on."""

import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.models.base import GenerativeModel
from tfdgm.training.counted_replica import CountedReplica
from tfdgm.training.sent_bytes import Sent, sent_by


class _Planted(GenerativeModel):
    """A weight [3], and a mean [5] that replicas agree on, written twice a step."""

    def __init__(self, spec):
        super().__init__(spec)
        self.weight = self.add_weight(shape=(3,), name="weight")
        self.mean = self.add_weight(shape=(5,), trainable=False, aggregation="mean", name="mean")
        self.own = self.add_weight(shape=(7,), trainable=False, name="own")

    def groups(self):
        return {"model": [self.weight]}

    def train_step(self, batch):
        context = tf.distribute.get_replica_context()
        context.all_reduce(tf.distribute.ReduceOp.SUM, [tf.convert_to_tensor(self.weight.value)])
        context.all_reduce(tf.distribute.ReduceOp.SUM, tf.zeros([11]))
        for variable in (self.mean, self.mean, self.own):
            variable.assign(tf.ones_like(variable))
        return {}


def test_sums_of_a_groups_shapes_are_gradients_and_the_rest_is_told_apart():
    model, replica = _Planted(DataSpec((2,), domain="real", num_levels=0)), CountedReplica(2)

    @tf.function(autograph=False)
    def step():
        with replica:
            return model.train_step({})

    sent = sent_by(model, replica, step.get_concrete_function().graph)
    assert sent == Sent({"model": (1, 12)}, rest=11 * 4 + 2 * 5 * 4, gathered=0)


def test_what_goes_round_a_ring():
    sent = Sent({"critic": (3, 100), "generator": (1, 50)}, rest=10, gathered=4)
    assert sent.bytes_sent(1) == 0
    assert sent.bytes_sent(2) == 360 + 4
    assert sent.bytes_sent(4) == 2 * 3 / 4 * 360 + 3 * 4
