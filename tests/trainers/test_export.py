"""`trainers.export`: what it hands on, and that it prints the folder."""

import pytest

from tfdgm.export import saved_model
from trainers import export


@pytest.mark.parametrize(("argv", "version"), [([], None), (["--version=7"], 7)])
def test_export_gets_workdir_base_and_version(monkeypatch, capsys, tmp_path, argv, version):
    calls = []

    def stand_in(*args, **kwargs):
        calls.append((args, kwargs))
        return "models/digits/7"

    monkeypatch.setattr(saved_model, "export", stand_in)
    (tmp_path / "config.json").write_text("{}")
    assert export.main([f"--workdir={tmp_path}", "--base=models/digits", *argv]) == 0
    assert calls == [((str(tmp_path), "models/digits"), {"version": version})]
    assert capsys.readouterr().out == "models/digits/7\n"


def test_base_is_required(capsys, tmp_path):
    assert export.main([f"--workdir={tmp_path}"]) == 2
    assert "--base is missing" in capsys.readouterr().err
