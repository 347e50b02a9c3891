from tfdgm.evaluation.progress import Progress


def test_without_a_terminal_it_is_lines_with_rate_and_remaining_time(monkeypatch, capsys):
    monkeypatch.setattr("tfdgm.evaluation.progress._SECONDS_BETWEEN_LINES", -1.0)
    with Progress("AIS", 8, unit="temperature") as progress:
        progress.update(4)
        progress.update(4)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["4/8", "8/8"]
    assert lines[-1].startswith("AIS ")
    assert "temperatures/s 00:00 left" in lines[-1]


def test_an_unknown_total_is_shown_as_such(monkeypatch, capsys):
    monkeypatch.setattr("tfdgm.evaluation.progress._SECONDS_BETWEEN_LINES", -1.0)
    with Progress("elbo", None) as progress:
        progress.update(3)
    assert capsys.readouterr().out.startswith("elbo 3/? ")


def test_lines_come_only_now_and_then(capsys):
    with Progress("elbo", 2) as progress:
        progress.update(2)
    assert capsys.readouterr().out == ""
