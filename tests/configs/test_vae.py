"""Presets of VAEs: what flows change, and what they leave alone."""

import dataclasses

import pytest

from tfdgm.configs import get_config

_FLOW_FIELDS = {"posterior_flow", "num_flow_steps", "flow_hidden_sizes", "flow_context_size"}


@pytest.mark.parametrize("dataset", ["digits", "mnist"])
@pytest.mark.parametrize(("flow", "num_steps"), [("planar", 10), ("iaf", 2)])
def test_a_flow_changes_no_other_field_of_its_preset(dataset, flow, num_steps):
    plain, flowing = get_config(f"vae:{dataset}"), get_config(f"vae:{dataset}:{flow}")
    assert (flowing.model.posterior_flow, flowing.model.num_flow_steps) == (flow, num_steps)
    fields = {name: getattr(plain.model, name) for name in _FLOW_FIELDS}
    as_plain = dataclasses.replace(flowing, preset=plain.preset, model=dataclasses.replace(flowing.model, **fields))
    assert as_plain == plain
    assert plain.model.posterior_flow == "none"
