"""`trainers.rule_cases`: what it prints; mistakes."""

from tfdgm.evaluation import rule_cases as cases_of
from trainers import rule_cases


def test_prints_the_cases(tmp_path, capsys, monkeypatch, make_run):
    case = cases_of.RuleCase("good but bad", "negative", ("positive", 0.6, 0.2), ("negative", 0.4, 0.8))
    monkeypatch.setattr(cases_of, "rule_cases", lambda workdir, **options: [case])
    assert rule_cases.main([f"--workdir={make_run(tmp_path / 'run')}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "  positive (p = 0.60) -> negative (q = 0.80): good but bad"
    assert "rules change 1 answers: 1 to the right one, 0 to a wrong one" in lines


def test_mistakes_are_named(tmp_path, capsys, make_run):
    assert rule_cases.main([f"--workdir={tmp_path}"]) == 2
    assert "which has no config.json" in capsys.readouterr().err
    assert rule_cases.main([f"--workdir={make_run(tmp_path / 'run')}"]) == 2
    assert "is a run of vae, which has no rules about sentences; take teacher_student" in capsys.readouterr().err
