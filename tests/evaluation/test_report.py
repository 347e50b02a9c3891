import json
import subprocess
import sys

import pytest

from tfdgm.evaluation.report import shown, write_report

RESULT = {
    "preset": "vae:mnist",
    "command": "python -m trainers.train --config=vae:mnist --workdir=W",
    "seed": 0,
    "minutes": 18.26,
    "cores": 2,
    "commit": "0123456789abcdef",
    "checkpoint": {"step": 180000, "which": "best", "uses_ema": False},
    "metrics": [
        {
            "name": "elbo",
            "value": -91.23456,
            "unit": "nats",
            "kind": "stochastic_bound",
            "standard_error": 0.2345,
            "num_examples": 10000,
            "num_non_finite": 0,
            "split": "test",
            "seed": 0,
        }
    ],
}


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (-91.23456, 0.2345, ("-91.23", "0.23")),
        (1234.5, 25.0, ("1234", "25")),
        (3.5, 0.0, ("3.5", "0")),
        (50.0, None, ("50", "")),
        (None, None, ("4 not finite", "")),
    ],
)
def test_digits_follow_the_standard_error(value, error, expected):
    assert shown({"value": value, "standard_error": error, "num_non_finite": 4}) == expected


def test_the_page_has_every_figure_and_the_command_that_made_it(tmp_path):
    for preset in ("vae:mnist", "iwae:mnist"):
        path = tmp_path / "results" / f"{preset.replace(':', '-')}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(RESULT | {"preset": preset}))
    page = tmp_path / "docs" / "results.md"
    text = write_report(tmp_path / "results", page)
    assert page.read_text() == text
    assert "| `vae:mnist` | elbo | -91.23 | 0.23 | nats | stochastic_bound | test | 10,000 |" in text
    assert f"| `vae:mnist` | `{RESULT['command']}` | 0 | 180,000 | 18.3 | 2 | `0123456789ab` |" in text
    assert text.index("`iwae:mnist`") < text.index("`vae:mnist`")


def test_runs_of_other_seeds_say_so(tmp_path):
    (tmp_path / "vae-mnist-seed-2.json").write_text(json.dumps(RESULT | {"seed": 2}))
    text = write_report(tmp_path, tmp_path / "results.md")
    assert "| `vae:mnist`, seed 2 | elbo | -91.23 |" in text
    assert f"| `vae:mnist`, seed 2 | `{RESULT['command']}` | 2 |" in text


def test_reference_scores_have_a_section_of_their_own_where_there_are_any(tmp_path):
    (tmp_path / "vae-mnist.json").write_text(json.dumps(RESULT))
    assert "Real data" not in write_report(tmp_path, tmp_path / "page.md")
    scores = {
        "data": "mnist",
        "extractor": {"name": "classifier:mnist", "sha256": "0123456789abcdef" * 4},
        "num_training_examples": 10000,
        "fid": 0.7123,
        "inception_score": 9.8765,
        "yardstick": 10.456,
    }
    (tmp_path / "reference-scores").mkdir()
    (tmp_path / "reference-scores" / "mnist.json").write_text(json.dumps(scores))
    lines = write_report(tmp_path, tmp_path / "page.md").splitlines()
    assert lines[-1] == "| mnist | 10.46 | 0.71 | 9.88 | 10,000 | `classifier:mnist` | `0123456789ab` |"
    assert "## Real data by the figures of samples" in lines


def test_notes_stand_once_below_and_are_referred_to(tmp_path):
    metric = RESULT["metrics"][0]
    noted = [
        metric,  # of a file from before there were notes
        {**metric, "name": "active_units", "note": ""},
        {**metric, "name": "log_prob_ais", "kind": "estimate", "note": "log Z by AIS"},
        {**metric, "name": "log_prob_reverse_ais", "kind": "estimate", "note": "log Z by reverse AIS"},
    ]
    for preset in ("rbm:digits", "rbm:mnist"):
        (tmp_path / f"{preset.replace(':', '-')}.json").write_text(
            json.dumps({**RESULT, "preset": preset, "metrics": noted})
        )
    lines = write_report(tmp_path, tmp_path / "page.md").splitlines()
    for preset in ("rbm:digits", "rbm:mnist"):
        kinds = [line.split(" | ")[5] for line in lines if line.startswith(f"| `{preset}`") and " nats " in line]
        assert kinds == ["stochastic_bound", "stochastic_bound", "estimate[^1]", "estimate[^2]"]
    assert lines[-2:] == ["[^1]: log Z by AIS", "[^2]: log Z by reverse AIS"]


def test_a_log_partition_that_is_not_finite_is_said_to_be_so():
    assert shown({"value": None, "standard_error": None, "num_non_finite": 0}) == ("not finite", "")


def test_without_results_it_says_who_writes_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no \*\.json; trainers\.evaluate writes them"):
        write_report(tmp_path, tmp_path / "page.md")


def test_as_a_command_it_works_on_the_folder_it_is_run_in(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "vae-mnist.json").write_text(json.dumps(RESULT))
    done = subprocess.run(
        [sys.executable, "-m", "tfdgm.evaluation.report"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "docs/results.md\n"
    assert "-91.23" in (tmp_path / "docs" / "results.md").read_text()


@pytest.mark.parametrize(("argument", "is_the_same"), [("long", True), ("percent1", False)])
def test_an_argument_that_is_another_experiment_has_published_figures_of_its_own(tmp_path, argument, is_the_same):
    names = ("elbo", "nll_upper_bound")
    metrics = [{**RESULT["metrics"][0], "name": name} for name in names]
    (tmp_path / "a.json").write_text(json.dumps({**RESULT, "preset": f"vae:mnist:{argument}", "metrics": metrics}))
    page = write_report(tmp_path, tmp_path / "page.md")
    assert ("86.76 (Burda" in page) == is_the_same
    assert ("-122.89 (Hu" in page) != is_the_same


def test_published_figures_stand_beside_the_run_s_own(tmp_path):
    bound = {**RESULT["metrics"][0], "name": "nll_upper_bound", "value": 88.5}
    (tmp_path / "a.json").write_text(json.dumps({**RESULT, "metrics": [*RESULT["metrics"], bound]}))
    lines = write_report(tmp_path, tmp_path / "page.md").splitlines()
    (line,) = [line for line in lines if "nll_upper_bound" in line and "88.5" in line]
    assert "86.76 (Burda et al. 2016, table 1" in line
    assert not any("86.76" in other for other in lines if other is not line)
