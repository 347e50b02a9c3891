"""`trainers.constraint_gradients`: both tables, and mistakes."""

import pytest

from trainers import constraint_gradients


def test_prints_a_table_for_each_constraint(capsys):
    assert constraint_gradients.main(["--strengths=0.1,1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("f = ")] == ["f = at least 8 of 10 on", "f = share on"]
    assert sum(line.startswith("M step") for line in lines) == 12


@pytest.mark.parametrize("value", ["0", "-1", "x", "inf", "nan"])
def test_a_strength_is_a_positive_number(value, capsys):
    assert constraint_gradients.main([f"--strengths=1,{value}"]) == 2
    assert f"--strengths has '{value}'; each must be a positive number" in capsys.readouterr().err
