"""What a deep belief net is: a distribution over binary x that draws, infers and bounds its likelihood.

    p(x, h_1, ..., h_L) = p(x | h_1) ... p(h_{L-2} | h_{L-1}) exp(-E(h_{L-1}, h_L)) / Z,   E of the top harmonium
    q(h_1, ..., h_{L-1} | x) = q(h_1 | x) ... q(h_{L-1} | h_{L-2}),                         all layers factorial
    log p(x) >= E_q[sum_l log p(h_{l-1} | h_l) + H(q(h_l | h_{l-1})) - F(h_{L-1})] - log Z,  h_0 = x    (eq. 5)

With labels the top harmonium's visibles are h_{L-1} and a one-hot y, so that p is one of x and y; bounds sum y out.

References:
  Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets.
"""

from typing import Any

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.validation import require_at_least
from tfdgm.math import gibbs
from tfdgm.math.sample_blocks import over_blocks
from tfdgm.math.units import BERNOULLI
from tfdgm.models.base import GenerativeModel
from tfdgm.networks.directed_layers import DirectedLayers, States
from tfdgm.networks.top_layer import TopLayer
from tfdgm.networks.visibles import visibles
from tfdgm.objectives import belief_net

# Seeds of a sample's sweeps, of its pass down and of its top hidden layer; first states use the rows' own.
_CHAIN_STREAM, _DOWN_STREAM, _TOP_STREAM = 1, 2, 3
_BLOCK = 20  # states of q, times labels, that the bound holds at once for an example


class DeepBeliefNet(GenerativeModel):
    """The layers and what they give; `tfdgm.models.dbn.DBN` trains them.

    Attributes:
      directed: the layers below the top, q and p.
      top: the top harmonium.
      num_sampling_steps: its Gibbs sweeps for a sample.
    """

    def __init__(
        self,
        spec: DataSpec,
        *,
        hidden_sizes: tuple[int, ...],
        label_units: bool,
        centered: bool,
        num_sampling_steps: int,
        **kwargs: Any,
    ) -> None:
        """Builds the layers for `spec`; see `tfdgm.configs.dbn.DBNConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        require_at_least(1, num_sampling_steps=num_sampling_steps)
        self.num_sampling_steps = num_sampling_steps
        self.visibles = visibles("bernoulli", spec)
        _check_layers(hidden_sizes)
        num_labels = _num_labels(spec) if label_units else 0
        self.directed = DirectedLayers([self.visibles.num_units, *hidden_sizes[:-1]], centered=centered)
        name = f"rbm_{len(hidden_sizes)}"
        self.top = TopLayer(*hidden_sizes[-2:], num_labels=num_labels, centered=centered, name=name)
        if num_labels:  # a capability only where it is one
            self.predict_probabilities = self._predict_probabilities

    def sample(self, seeds: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """Draws x: Gibbs sweeps in the top harmonium from data-free chains, then one pass down.

        Args:
          seeds: int64 [N]; row i depends on `seeds[i]` (and `label[i]`) alone.
          label: int32 [N], clamped in all sweeps; None leaves it free. With `label_units` only.

        Returns:
          [N, *event_shape].

        Raises:
          ValueError: for a label where the model has none.
        """
        self._require_label_units(label)
        return self.visibles.events(self._fantasies(seeds, label, self.num_sampling_steps)[0][0])

    def sample_mean(self, seeds: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """E[x | h_1] at the h_1 of `sample`: what pictures usually show; [N, *event_shape]."""
        self._require_label_units(label)
        return self.visibles.events(self._fantasies(seeds, label, self.num_sampling_steps)[1])

    def fantasies(self, seeds: tf.Tensor, steps: tuple[int, ...]) -> tf.Tensor:
        """E[x | h_1] after each number of sweeps in the top harmonium: [len(steps), N, *event_shape]."""
        num_steps = tf.unstack(tf.constant(steps, tf.int64))  # tensors: one graph for all
        return tf.stack([self.visibles.events(self._fantasies(seeds, None, num)[1]) for num in num_steps])

    def generative_pass(self, seeds: tf.Tensor) -> States:
        """h_L, ..., h_1, x: the top harmonium's chain, then each layer from the one above; L + 1 of [N, ...]."""
        states, _, h_top = self._fantasies(seeds, None, self.num_sampling_steps)
        return [h_top, *states[:0:-1], self.visibles.events(states[0])]

    def inference_pass(self, x: tf.Tensor, seeds: tf.Tensor) -> States:
        """x, h_1, ..., h_L, each layer drawn given the one below, labels at their means: x and seeds int64 [N]."""
        num_units = sum(self.directed.sizes[1:]) + self.top.kernel.shape[1]
        noise = philox.row_uniform(seeds, (num_units,), dtype=self.variable_dtype)
        below, above = tf.split(noise, [num_units - self.top.kernel.shape[1], self.top.kernel.shape[1]], axis=1)
        states = self.directed.infer(self.visibles.states(x), below)
        return [x, *states[1:], BERNOULLI.sample(self._top_field(states[-1]), above)]

    def layer_mean(self, layer: int, h: tf.Tensor) -> tf.Tensor:
        """E[x | h_layer], the layers between at their means: [N, D_layer] to [N, *event_shape]."""
        depth = len(self.directed.layers)
        if layer > depth:
            top = self.top.harmonium()
            h, layer = self.top.features(top.visible.mean(top.visible_field(h))), depth
        return self.visibles.events(self.directed.generate_mean(h, layer))

    def filters(self) -> tf.Tensor:
        """How each unit of the first hidden layer moves the visibles, [hidden_sizes[0], *event_shape]."""
        return self.visibles.filters(self.directed.layers[0].kernel.value)

    def hidden_probabilities(self, x: tf.Tensor) -> tf.Tensor:
        """p(h_L = 1 | x), each layer at its mean given that below, and so the label: [B, hidden_sizes[-1]]."""
        return tf.sigmoid(self._top_field(self.directed.infer_mean(self.visibles.states(x))))

    def reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        """E[x | h_1] after a pass up to h_L and down again, each layer at its mean: [B, *event_shape]."""
        return self.layer_mean(len(self.directed.layers) + 1, self.hidden_probabilities(x))

    def unnormalized_elbo(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int = 1) -> tf.Tensor:
        """The bound on log p(x) plus log Z of the top harmonium, nats; entropies in closed form, labels summed out.

        Args:
          x: [B, *event_shape].
          seeds: int64 [B]; row i depends on `x[i]` and `seeds[i]` alone.
          num_samples: states of q that its expectation is taken over, drawn in blocks so that memory stays bounded.

        Returns:
          [B].
        """
        visible, num_units = self.visibles.states(x), sum(self.directed.sizes[1:])

        def block_mean(seeds: tf.Tensor, size: int) -> tf.Tensor:
            noise = philox.row_uniform(seeds, (size, num_units), dtype=visible.dtype)
            states = self.directed.infer(tf.repeat(visible, size, axis=0), tf.reshape(noise, [-1, num_units]))
            return tf.reduce_mean(tf.reshape(self._bound(states), [-1, size]), axis=-1)

        limit = max(1, _BLOCK // max(1, self.top.num_labels))
        return tf.reduce_mean(over_blocks(block_mean, seeds, num_samples, limit, visible.dtype), axis=0)

    def endpoints(self) -> dict[str, Endpoint]:
        """The default ones, features, the bound but for log Z; with labels, samples of a class."""
        x = {"x": tf.TensorSpec([None, *self.event_shape], self.spec.dtype, name="x")}
        seed = {"seed": tf.TensorSpec([None], tf.int64, name="seed")}
        label = {"label": tf.TensorSpec([None], tf.int32, name="label")}
        found = {
            **super().endpoints(),
            "hidden_probabilities": Endpoint(lambda x: {"probabilities": self.hidden_probabilities(x)}, x),
            "unnormalized_elbo": Endpoint(self._bound_endpoint, {**x, **seed}),
        }
        if self.top.num_labels:
            found["sample_class"] = Endpoint(self._sample_class_endpoint, {**seed, **label})
        return found

    def _top_field(self, h: tf.Tensor) -> tf.Tensor:
        """Logits of h_L given h_{L-1}, labels at their means: [N, hidden_sizes[-2]] to [N, hidden_sizes[-1]]."""
        top = self.top.harmonium()
        if self.top.num_labels:
            h = tf.concat([h, tf.nn.softmax(-belief_net.label_free_energies(top, h))], axis=-1)
        return top.hidden_field(h)

    def _require_label_units(self, label: tf.Tensor | None) -> None:
        if label is not None and not self.top.num_labels:
            raise ValueError("there is a label, but the model has none; it was built with label_units=False")

    def _predict_probabilities(self, x: tf.Tensor) -> tf.Tensor:
        """p(y | h_{L-1}) by the labels' free energies, h_{L-1} at its mean given x: [B, num_classes]."""
        h = self.directed.infer_mean(self.visibles.states(x))
        return tf.nn.softmax(-belief_net.label_free_energies(self.top.harmonium(), h))

    def _bound(self, states: States) -> tf.Tensor:
        """The bound but for log Z at states [N, ...] of q, [N]."""
        fields = self.directed.generative_fields(states), self.directed.recognition_fields(states)
        harmonium = self.top.harmonium()
        if self.top.num_labels:
            log_top = tf.reduce_logsumexp(-belief_net.label_free_energies(harmonium, states[-1]), axis=-1)
        else:
            log_top = -harmonium.free_energy(states[-1])
        return belief_net.directed_terms(states, *fields) + log_top

    @tf.function(autograph=False)
    def _fantasies(
        self, seeds: tf.Tensor, label: tf.Tensor | None, num_steps: int | tf.Tensor
    ) -> tuple[States, tf.Tensor, tf.Tensor]:
        """v, h_1, ..., h_{L-1} from the net after `num_steps` sweeps; v's mean given h_1; h_L."""
        clamp = {} if label is None else dict(zip(("known", "mask"), self.top.clamp(label), strict=True))
        harmonium = self.top.harmonium()
        v = gibbs.start(harmonium, seeds)
        v, _ = gibbs.run(harmonium, v, philox.fold_in(seeds, _CHAIN_STREAM), num_steps, **clamp)
        num_units = sum(self.directed.sizes[:-1])
        noise = philox.row_uniform(philox.fold_in(seeds, _DOWN_STREAM), (num_units,), dtype=v.dtype)
        states, mean = self.directed.generate(self.top.features(v), noise)
        top_noise = philox.row_uniform(philox.fold_in(seeds, _TOP_STREAM), (harmonium.num_hidden,), dtype=v.dtype)
        return states, mean, harmonium.sample_hidden(v, top_noise)

    def _bound_endpoint(self, x: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {"unnormalized_elbo": self.unnormalized_elbo(x, seed), "seed": seed}

    def _sample_class_endpoint(self, seed: tf.Tensor, label: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {"samples": self.sample(seed, label), "means": self.sample_mean(seed, label), "seed": seed}


def _check_layers(hidden_sizes: tuple[int, ...]) -> None:
    if len(hidden_sizes) < 2:
        raise ValueError(f"hidden_sizes is {hidden_sizes}; it needs two layers at least, for one take the model 'rbm'")
    require_at_least(1, hidden_sizes=min(hidden_sizes))


def _num_labels(spec: DataSpec) -> int:
    if spec.num_classes < 2:
        raise ValueError(
            f"label_units is True, but the data has {spec.num_classes} classes; take data with two or more, "
            "or set label_units to False"
        )
    return spec.num_classes
