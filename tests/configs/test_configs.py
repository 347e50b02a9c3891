"""Presets by name, and configurations that come back from JSON as they were."""

import json

import pytest

from tfdgm.configs import UnknownNameError, get_config, nearest, presets, restore_config

_NAMES = [
    f"{name}:{argument}".rstrip(":") for name, preset in presets().items() for argument in ("", *preset.arguments)
]


@pytest.mark.parametrize("name", _NAMES)
def test_every_preset_and_argument_survives_json(name):
    config = get_config(name)
    assert config.preset == name
    assert restore_config(json.loads(json.dumps(config.to_dict()))) == config


def test_restored_fields_are_the_stored_ones_and_tuples_again():
    stored = get_config("vae:digits").to_dict()
    stored["model"]["hidden_sizes"] = [7, 5]
    stored["training"]["num_steps"] = 123
    config = restore_config(stored)
    assert config.model.hidden_sizes == (7, 5)
    assert config.training.num_steps == 123


def test_a_stored_field_that_no_longer_exists_is_named():
    stored = get_config("vae:digits").to_dict()
    stored["model"]["latent_dimension"] = stored["model"].pop("latent_dim")
    with pytest.raises(ValueError, match=r"config\.model\.latent_dimension is unknown; did you mean 'latent_dim'\?"):
        restore_config(stored)


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_has_a_smoke_argument_that_makes_it_small(name):
    assert "smoke" in presets()[name].arguments
    assert get_config(f"{name}:smoke").training.num_steps <= 500 < get_config(name).training.num_steps


@pytest.mark.parametrize("name", _NAMES)
def test_intervals_fit_into_each_other(name):
    training = get_config(name).training
    assert training.log_every % training.steps_per_execution == 0
    for interval in (training.evaluate_every, training.checkpoint_every, training.sample_every):
        assert interval % training.log_every == 0


def test_a_preset_is_made_anew_each_time():
    get_config("vae:digits").model.latent_dim = -1
    assert get_config("vae:digits").model.latent_dim > 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vea:digits", "preset 'vea:digits' is unknown; did you mean 'vae:digits'?"),
        ("vae:digits:smokee", "argument of vae:digits 'smokee' is unknown; did you mean 'smoke'?"),
    ],
)
def test_unknown_names_name_the_nearest(name, message):
    with pytest.raises(UnknownNameError) as caught:
        get_config(name)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["vae", "vae:digits:smoke:more", ""])
def test_a_name_of_the_wrong_form_is_refused(name):
    with pytest.raises(ValueError, match="it must be <model>:<dataset>"):
        get_config(name)


def test_nearest_lists_what_there_is_where_nothing_is_close():
    assert nearest("zzz", ["b", "a"]) == "known are a, b"
