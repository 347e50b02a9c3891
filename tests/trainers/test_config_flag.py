"""`--config` and its overrides: typed values, and messages that name field, value and the nearest right name."""

import dataclasses
import typing

import pytest
from absl import flags

from tfdgm.configs import get_config, presets
from trainers import config_flag, train


def _parsed(*argv):
    values = flags.FlagValues()
    rest = config_flag.define(values, list(argv))
    values(["test", *rest])
    return values.config


def test_preset_alone_is_the_packaged_one():
    assert _parsed("--config=vae:digits:smoke") == get_config("vae:digits:smoke")
    assert _parsed("--config", "vae:digits") == get_config("vae:digits")


def test_overrides_are_typed_and_may_stand_anywhere():
    config = _parsed(
        "--config.model.latent_dim=32",
        "--config=vae:digits",
        "--config.optimizers.vae.learning_rate=1",
        "--config.data.path",
        "photos",
        "--config.training.deterministic=false",
        "--config.training.jit_compile",
    )
    changed = get_config("vae:digits")
    changed.model.latent_dim = 32
    changed.optimizers.vae.learning_rate = 1.0
    changed.data.path = "photos"
    changed.training.deterministic = False
    changed.training.jit_compile = True
    assert config == changed
    assert isinstance(config.optimizers.vae.learning_rate, float)


@pytest.mark.parametrize("text", ["100,50", "(100,50)", "(100, 50)", "[100,50,]"])
def test_tuples_are_numbers_separated_by_commas(text):
    assert _parsed("--config=vae:digits", f"--config.model.hidden_sizes={text}").model.hidden_sizes == (100, 50)


def test_a_single_number_and_nothing_are_tuples_too():
    assert _parsed("--config=vae:digits", "--config.model.hidden_sizes=100").model.hidden_sizes == (100,)
    assert _parsed("--config=vae:digits", "--config.model.hidden_sizes=()").model.hidden_sizes == ()


def test_overrides_leave_the_preset_alone():
    before = get_config("vae:digits")
    _parsed("--config=vae:digits", "--config.model.latent_dim=99")
    assert get_config("vae:digits") == before


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--config=vea:digits"], ["preset 'vea:digits' is unknown", "did you mean 'vae:digits'?"]),
        (["--config=vae:digits:smok"], ["'smok' is unknown", "did you mean 'smoke'?"]),
        (["--config=digits"], ["config is 'digits'", "<model>:<dataset>"]),
        ([], ["--config is missing", "--list"]),
        (["--config=vae:digits", "--config.model.latentdim=3"], ["'model.latentdim'", "'model.latent_dim'?"]),
        (["--config=vae:digits", "--config.latent_dim=3"], ["'latent_dim'", "'model.latent_dim'?"]),
        (["--config=vae:digits", "--noconfig.training.jitcompile"], ["did you mean 'training.jit_compile'?"]),
        (["--config=vae:digits", "--config.zzz=3"], ["'zzz' is unknown", "known are data, evaluation, model"]),
        (["--config=vae:digits", "--config.preset=x"], ["'preset' is unknown"]),
        (["--config=vae:digits", "--config.model=3"], ["--config.model is a group of fields", "--config.model."]),
        (["--config=vae:digits", "--config.seed.x=3"], ["'seed.x' is unknown"]),
        (
            ["--config=vae:digits", "--config.training.num_steps=abc"],
            ["--config.training.num_steps is 'abc'", "must be an integer"],
        ),
        (
            ["--config=vae:digits", "--config.optimizers.vae.learning_rate=fast"],
            ["learning_rate is 'fast'", "must be a number"],
        ),
        (["--config=vae:digits", "--config.training.deterministic=3"], ["is '3'", "must be true or false"]),
        (
            ["--config=vae:digits", "--config.model.hidden_sizes=a,b"],
            ["hidden_sizes is 'a,b'", "must be integers separated by commas"],
        ),
        (["--config=vae:digits", "--config.model.hidden_sizes=10.5"], ["hidden_sizes is '10.5'"]),
    ],
)
def test_mistakes_name_field_value_and_what_would_be_right(capsys, argv, words):
    assert train.main([*argv, "--workdir=w"]) == 2
    printed = capsys.readouterr().err
    for word in words:
        assert word in printed


def test_list_has_one_line_a_preset(capsys):
    assert train.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(presets())
    assert all(preset.summary in line for line, preset in zip(lines, presets().values(), strict=True))


def test_help_with_a_preset_shows_value_and_meaning_of_each_field(capsys):
    assert train.main(["--config=vae:digits", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("  --config.model.hidden_sizes=128,128") + 1].strip().startswith("`mlp`: units")
    first = lines.index("Fields of vae:digits, their values and what they are:") + 1
    meanings = lines[first + 1 :: 2]
    assert all(meaning.strip() for meaning in meanings)


@pytest.mark.parametrize("name", list(presets()))
def test_every_field_of_every_preset_can_be_overridden(name):
    for path, value in config_flag._leaves(get_config(name)).items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        assert _parsed(f"--config={name}", f"--config.{path}={text}") == get_config(name)


def test_tuple_fields_state_the_type_of_their_elements():
    for name in presets():
        config = get_config(name)
        for group in (config, config.model, config.optimizers, config.data, config.training, config.evaluation):
            for field in dataclasses.fields(group):
                if isinstance(getattr(group, field.name), tuple):
                    assert typing.get_args(field.type)[1:] == (...,)


@pytest.mark.parametrize("name", list(presets()))
def test_every_field_of_every_preset_has_a_meaning(name):
    config = get_config(name)
    meanings = config_flag._meanings(config)
    assert [path for path in config_flag._leaves(config) if not meanings[path]] == []
