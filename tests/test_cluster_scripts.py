"""The manifest and the batch script of docs/distribution.md: clusters that we take, restarts by exit codes."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tfdgm.training.cluster import check_cluster
from trainers import command_line, train
from trainers.worker_group import FINAL

_PAGE = (Path(__file__).parents[1] / "docs/distribution.md").read_text()


def _block(language: str) -> str:
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)
    return block


@pytest.fixture(scope="module")
def manifest() -> tuple[dict, dict]:
    service, job = yaml.safe_load_all(_block("yaml"))
    return service, job


def test_pods_are_the_workers_of_one_cluster(manifest):
    service, job = manifest
    name, spec = job["metadata"]["name"], job["spec"]
    pod = spec["template"]["spec"]
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": name}
    assert pod["subdomain"] == service["metadata"]["name"]
    (container,) = pod["containers"]
    environment = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert spec["completions"] == spec["parallelism"]
    for index in range(spec["completions"]):
        text = environment["TF_CONFIG"].replace("$(INDEX)", str(index))
        check_cluster("multi_worker", "tf_config", "", {"TF_CONFIG": text})
        assert f'"{name}-{index}.{pod["subdomain"]}:2222"' in text
    text = environment["TF_CONFIG"].replace("$(INDEX)", str(spec["completions"]))
    with pytest.raises(ValueError, match=r"TF_CONFIG.task.index is .*from 0 to 1"):
        check_cluster("multi_worker", "tf_config", "", {"TF_CONFIG": text})


def test_a_job_fails_where_a_restart_would_only_repeat(manifest):
    _, job = manifest
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert rule == {
        "action": "FailJob",
        "onExitCodes": {"containerName": container["name"], "operator": "In", "values": list(FINAL)},
    }
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"  # a failure policy allows no other


def test_pods_and_tasks_run_commands_that_parse(manifest):
    _, job = manifest
    (container,) = job["spec"]["template"]["spec"]["containers"]
    task = re.search(r"python -m trainers\.train .*", _block("bash"))[0].split()
    for command, cluster in ((container["command"], "tf_config"), (task, "slurm")):
        assert command[:3] == ["python", "-m", "trainers.train"]
        values = command_line.parse(train._COMMAND, command[3:])
        assert (values.strategy, values.cluster) == ("multi_worker", cluster)


@pytest.mark.parametrize(
    ("codes", "starts", "expected"),
    [([0], 1, 0), ([4, 137, 0], 3, 0), ([2], 1, 2), ([4, 3], 2, 3), ([1, 1, 1, 143], 4, 143)],
)
def test_the_batch_script_starts_again_by_exit_codes(tmp_path, codes, starts, expected):
    srun, script = tmp_path / "srun", tmp_path / "job.sh"
    srun.write_text(
        f"#!/bin/bash\necho start >> {tmp_path}/log\nset -- {' '.join(map(str, codes))}\n"
        f"shift $(($(wc -l < {tmp_path}/log) - 1))\nexit $1\n"
    )
    srun.chmod(0o755)
    script.write_text(_block("bash"))
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert subprocess.run(["bash", script], env=environment, check=False).returncode == expected
    assert (tmp_path / "log").read_text().splitlines() == ["start"] * starts
