"""The load test: what it counts is what was asked, and its table says so. Figures of speed are not looked at."""

import asyncio
import json

import pytest

from serving import load_report, load_test


class _Server:
    """Stands for the server's process."""

    def __init__(self) -> None:
        self.batches = 0

    def resident_bytes(self) -> int:
        return 2**30

    def num_batches(self) -> int:
        return self.batches


def _loop(num_clients, num_requests, ask=None, rows_per_request=1):
    server, asked, under_way, most = _Server(), [], 0, 0

    async def answer(seeds):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        asked.extend(seeds)
        server.batches += seeds[0] % 4 == 0
        return ask(seeds[0]) if ask else "OK"

    numbers = {"num_clients": num_clients, "num_requests": num_requests, "rows_per_request": rows_per_request}
    run = asyncio.run(load_test._closed_loop("gRPC, sample", answer, server, **numbers))
    return run, asked, most


def test_each_client_waits_for_its_answer_and_the_number_of_requests_is_bounded():
    run, asked, most = _loop(num_clients=4, num_requests=100)
    assert sorted(asked) == list(range(100))
    assert most == 4
    assert (len(run.latencies), run.statuses, run.num_batches) == (100, {"OK": 100}, 25)
    assert run.resident[0] == (0, 2**30)
    assert run.resident[-1] == (100, 2**30)


def test_what_goes_wrong_is_counted_and_no_sample():
    run, _, _ = _loop(2, 10, lambda seed: "UNAVAILABLE" if seed < 3 else "OK")
    assert run.statuses == {"OK": 7, "UNAVAILABLE": 3}
    assert run.per_second == pytest.approx(7 / run.seconds)


def test_samples_are_counted_where_a_request_has_several():
    run, asked, _ = _loop(num_clients=2, num_requests=10, rows_per_request=3)
    assert sorted(asked) == list(range(30))
    assert run.per_second == pytest.approx(30 / run.seconds)
    assert run.rows_per_batch == pytest.approx(30 / run.num_batches)


def test_table_and_figures():
    fast = load_report.Run("gRPC, sample", 2.0, [0.010] * 99 + [0.050], {"OK": 100}, 10, [(0, 2**20), (100, 2**21)])
    slow = load_report.Run("gRPC, sample", 4.0, [0.030] * 100, {"OK": 98, "503": 2}, 20, [(0, 2**20), (100, 2**21)])
    rounds = [{"raw call, sample": 100.0, "gRPC, sample": run} for run in (fast, fast, slow)]
    table = load_report.table(rounds, [fast], 16)
    assert "| raw call, sample | 100 | | | | | | 16 | |" in table
    assert "| gRPC, sample | 50 | 50% | 10.0 | 10.0 |" in table
    assert table.splitlines()[3].endswith("| 10.0 | 2 |")
    assert "1 MiB at the start" in table
    figures = json.loads(json.dumps(load_report.figures(rounds, [fast], 16)))
    assert figures["rounds"][0]["gRPC, sample"]["rows_per_batch"] == 10
    assert figures["rounds"][2]["gRPC, sample"]["statuses"] == {"OK": 98, "503": 2}


def test_table_of_several_samples_a_request():
    run = load_report.Run("gRPC, sample", 2.0, [0.010] * 100, {"OK": 100}, 10, [(0, 2**20), (100, 2**21)], 3)
    table = load_report.table([{"raw call, sample": 300.0, "gRPC, sample": run}], [], 16)
    assert "samples a request: 3 |" in table
    assert "| raw call, sample | 300 | | | | | | 48 | |" in table
    assert "| gRPC, sample | 150 | 50% | 10.0 | 10.0 |" in table
    assert table.splitlines()[3].endswith("| 30.0 | 0 |")


def test_plot(tmp_path):
    run = load_report.Run("gRPC, sample", 2.0, [0.01, 0.02], {"OK": 2}, 1, [(0, 2**20), (2, 2**21)])
    load_report.plot([{"raw call, sample": 100.0, "gRPC, sample": run}], [run], tmp_path / "load.png")
    assert (tmp_path / "load.png").read_bytes().startswith(b"\x89PNG")


def test_a_real_server_under_load(sampler_path, tmp_path, capsys):
    arguments = [f"--model_base_path={sampler_path}", "--num_clients=4", "--num_requests=40", "--num_rounds=1"]
    arguments += ["--num_soak_requests=40", "--rows_per_request=3", f"--json={tmp_path / 'load.json'}"]
    assert load_test.main(arguments) == 0
    text = capsys.readouterr().out
    for name in ("raw call, sample", "raw call, sample_png", "gRPC, sample", "REST, sample_png"):
        assert f"| {name} |" in text
    (figures,) = json.loads((tmp_path / "load.json").read_text())["rounds"]
    assert figures["gRPC, sample"]["statuses"] == figures["REST, sample_png"]["statuses"] == {"OK": 40}
    assert 3 <= figures["gRPC, sample"]["rows_per_batch"] <= 12


def test_mistakes_are_named(capsys):
    with pytest.raises(SystemExit):
        load_test.main(["--model_base_path=x", "--num_clients=0"])
    assert "--num_clients is 0; it must be at least 1" in capsys.readouterr().err
