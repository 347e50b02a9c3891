"""`trainers.across_seeds`: tables of one preset and of two; mistakes."""

import json

from trainers import across_seeds


def test_one_preset_and_two(tmp_path, capsys):
    for preset, shift in (("a:digits", 0.0), ("b:digits", 1.0)):
        for seed in range(3):
            result = {"preset": preset, "seed": seed, "metrics": [{"name": "elbo", "value": seed - shift}]}
            (tmp_path / f"{preset[0]}-{seed}.json").write_text(json.dumps(result))
    assert across_seeds.main([f"--results_dir={tmp_path}", "--presets=a:digits"]) == 0
    assert capsys.readouterr().out.splitlines()[2].split()[:3] == ["elbo", "1", "2.5"]
    assert across_seeds.main([f"--results_dir={tmp_path}", "--presets=a:digits,b:digits"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[:3] == ["elbo", "1", "0"]


def test_mistakes_are_named(tmp_path, capsys):
    assert across_seeds.main([f"--results_dir={tmp_path}", "--presets=a,b,c"]) == 2
    assert "--presets names 3; it must be one or two" in capsys.readouterr().err
    assert across_seeds.main([f"--results_dir={tmp_path}", "--presets=a:digits"]) == 2
    assert "has 0 seeds; it must have two" in capsys.readouterr().err
