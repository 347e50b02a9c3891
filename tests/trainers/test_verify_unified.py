"""`trainers.verify_unified`: the table, its exit code, its mistakes."""

import pytest

from tfdgm.objectives import unified
from trainers import verify_unified

pytestmark = pytest.mark.usefixtures("eagerly")


def test_prints_a_line_an_identity(capsys):
    assert verify_unified.main(["--num_models=2", "--seed=3"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["identity", "source", "error", "bound"]
    assert [line[:3] for line in lines] == ["(a)"] * 5 + ["(b)"] * 7 + ["(c)"] * 6 + ["(d)"] * 3


def test_a_wrong_sign_exits_with_1(capsys, monkeypatch):
    monkeypatch.setattr(unified, "log_q_reversed", unified.log_q)
    assert verify_unified.main(["--num_models=1"]) == 1
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["--num_models=0"], ["--seed=-1"], ["--num_models=many"]])
def test_mistakes_exit_with_2(capsys, argv):
    assert verify_unified.main(argv) == 2
    assert argv[0].split("=")[0] in capsys.readouterr().err
