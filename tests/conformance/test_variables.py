"""Every variable is known to Keras, belongs to a group, learns, and moves by its own group's steps only."""

import gc
import weakref

import numpy as np
import tensorflow as tf

from tests.goldens.table import GOLDENS
from tfdgm.models.registry import list_models

_SHARING = ("aae", "saae")  # an encoder learns by reconstruction and by an adversary, one after the other


def test_every_registered_model_has_a_golden():
    assert set(list_models()) <= {golden.registered_name for golden in GOLDENS.values()}


def test_every_variable_that_is_made_is_tracked(golden):
    made = []

    def record(next_creator, **kwargs):
        variable = next_creator(**kwargs)
        made.append(weakref.ref(variable))
        return variable

    gc.freeze()  # what there is already, which a collection of everything takes seconds to look through
    with tf.variable_creator_scope(record):
        model = golden.build()
    gc.collect()  # what a constructor throws away again is none of the model's
    gc.unfreeze()
    made = [variable for reference in made if (variable := reference()) is not None]
    tracked = {id(variable.value) for variable in [*model.variables, *model.metrics_variables]}
    assert [variable.name for variable in made if id(variable) not in tracked] == []
    assert len(made) == len(tracked)


def test_groups_share_out_the_trainable_variables(golden):
    model = golden.build()
    paths = {name: [variable.path for variable in variables] for name, variables in model.groups().items()}
    assert {path for group in paths.values() for path in group} == {each.path for each in model.trainable_variables}
    at_once = [path for name in model.phase.groups or paths for path in paths[name]]
    # Else groups that share a variable take turns, phase by phase.
    assert (len(at_once) > len(set(at_once))) == (golden.name in _SHARING)
    assert all(len(group) == len(set(group)) for group in paths.values())
    assert set(golden.optimizers()) == set(model.groups())


def test_every_variable_is_in_a_checkpoint_of_the_model_alone(golden, tmp_path):
    """As evaluation and export read it: without the optimizers, which know some of them too."""
    models = [golden.build() for _ in range(2)]
    for variable in models[0].variables:
        variable.assign(tf.ones_like(variable))
    path = tf.train.Checkpoint(model=models[0]).write(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(model=models[1]).read(path).assert_consumed()
    assert [variable.path for variable in models[1].variables if not tf.reduce_all(variable == 1).numpy()] == []


def test_a_step_moves_its_own_group_only(golden):
    """Eagerly, so that every update can be looked at before and after; `minimize` is an `accumulate` of one share."""
    model = golden.build_compiled(run_eagerly=True)
    accumulate, seen = model.accumulate, []

    def watched(group, loss_fn, shares):
        before = {variable.path: variable.numpy() for variable in model.trainable_variables}
        outputs = accumulate(group, loss_fn, shares)
        moved = [
            variable.path
            for variable in model.trainable_variables
            if not np.array_equal(variable.numpy(), before[variable.path])
        ]
        own = {variable.path for variable in model.groups()[group]}
        assert moved
        assert set(moved) <= own
        seen.append(group)
        return outputs

    model.accumulate = watched
    model.fit(golden.dataset(1), shuffle=False, verbose=0)
    assert set(seen) == set(model.phase.groups or model.groups())
    if golden.name == "gan":
        assert seen == ["discriminator", "discriminator", "generator"]
