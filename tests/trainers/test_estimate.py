"""`trainers.estimate`: a page without data, overrides, mistakes."""

import pytest

from trainers import estimate


@pytest.fixture(autouse=True)
def _no_data(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDGM_DATA_DIR", str(tmp_path / "prepared"))
    monkeypatch.delenv("TFDGM_MANUAL_DIR", raising=False)


def test_prints_the_page_of_a_preset_whose_data_are_not_there(tmp_path, capsys):
    argv = ["--config=vae:mnist:smoke", "--config.training.batch_size=96", "--replicas=8,2"]
    assert estimate.main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "vae:mnist:smoke: 96 rows a step"
    head = next(number for number, line in enumerate(lines) if line.startswith("replicas"))
    assert [line.split()[:2] for line in lines[head + 1 : head + 3]] == [["2", "48"], ["8", "12"]]
    assert not (tmp_path / "prepared").exists()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "--config is missing"),
        (["--config=vae:digits", "--replicas=2,some"], "--replicas has 'some'; it must be whole numbers from 1"),
        (["--config=vae:digits", "--replicas=0"], "--replicas has '0'"),
        (["--config=vae:digits:smoke", "--replicas=3"], "replicas is 3; it must divide the batch of 20 rows"),
        (["--config=vae:digits", "--config.training.log_every=0"], "training.log_every is 0"),
        (["--config=biggan:imagenet128", "--config.data.image_width=0"], "data.image_width 0"),
    ],
)
def test_mistakes_exit_with_2(capsys, argv, words):
    assert estimate.main(argv) == 2
    assert words in capsys.readouterr().err
