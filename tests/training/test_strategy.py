"""Strategies by name, workers by what starts them, rows dealt out to replicas in order."""

import sys
import types

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.training import strategy as strategies


def test_mirrored_uses_all_local_devices():
    assert strategies.make_strategy("mirrored").num_replicas_in_sync == 2


def test_one_process_is_the_chief():
    assert strategies.is_chief(strategies.make_strategy("default"))
    assert strategies.is_chief(strategies.make_strategy("mirrored"))


@pytest.mark.parametrize(
    ("jobs", "task", "expected"),
    [
        ({"worker": ["h:1", "h:2"]}, ("worker", 0), True),
        ({"worker": ["h:1", "h:2"]}, ("worker", 1), False),
        ({"chief": ["h:0"], "worker": ["h:1"]}, ("chief", 0), True),
        ({"chief": ["h:0"], "worker": ["h:1"]}, ("worker", 0), False),
    ],
)
def test_a_cluster_has_one_chief(jobs, task, expected):
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(jobs), task_type=task[0], task_id=task[1]
    )
    assert strategies.is_chief(types.SimpleNamespace(cluster_resolver=resolver)) == expected


def test_the_chiefs_number_where_there_is_no_other():
    assert strategies.chiefs_number(strategies.make_strategy("mirrored"), 2**40) == 2**40


def test_an_unknown_strategy_is_named():
    with pytest.raises(ValueError, match="strategy is 'mirored'; it must be one of default, mirrored"):
        strategies.make_strategy("mirored")


def test_replicas_get_contiguous_rows():
    mirrored = strategies.make_strategy("mirrored")
    seen = []

    def batches(shard):
        seen.append(shard)
        return tf.data.Dataset.range(4)

    first = next(iter(strategies.distribute(mirrored, batches)))
    assert (seen[0].num_pipelines, seen[0].pipeline, seen[0].replicas_per_pipeline) == (1, 0, 2)
    np.testing.assert_array_equal([int(value) for value in mirrored.experimental_local_results(first)], [0, 1])


def test_strategies_are_made_once_however_they_are_asked_for():
    assert strategies.make_strategy("mirrored") is strategies.make_strategy("mirrored", cluster="tf_config", tpu="")


def test_workers_without_a_cluster_are_refused():
    with pytest.raises(ValueError, match="TF_CONFIG is not set"):
        strategies.make_strategy("multi_worker")


def test_a_missing_tpu_is_named():
    with pytest.raises(ValueError, match="tpu is '', and no TPU was found"):
        strategies.make_strategy("tpu")


@pytest.fixture
def slurm(monkeypatch):
    """The environment of task 3 of five on three nodes."""
    variables = {
        "SLURM_PROCID": "3",
        "SLURM_STEP_NUM_TASKS": "5",
        "SLURM_STEP_NODELIST": "n[1-3]",
        "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
        "SLURM_JOB_ID": "1207",
        "SLURMD_NODENAME": "n2",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_tasks_of_slurm_are_workers(slurm):
    resolver = strategies.RESOLVERS["slurm"]()
    addresses = ["n1:12700", "n1:12701", "n2:12700", "n2:12701", "n3:12700"]
    assert resolver.cluster_spec().as_dict() == {"worker": addresses}
    assert (resolver.task_type, resolver.task_id) == ("worker", 3)
    assert resolver.num_accelerators() == {"GPU": len(tf.config.list_physical_devices("GPU"))}


def test_nodes_in_another_order_than_slurms_are_refused(slurm, monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NODELIST", "n[9-11]")
    monkeypatch.setenv("SLURMD_NODENAME", "n10")
    with pytest.raises(ValueError, match="SLURM_PROCID 3 runs on n10, but TensorFlow takes it to be at n9:12700"):
        strategies.RESOLVERS["slurm"]()


def _pod(name, host, phase="Running"):
    status = types.SimpleNamespace(phase=phase, host_ip=host)
    return types.SimpleNamespace(metadata=types.SimpleNamespace(name=name), status=status)


@pytest.fixture
def pods(monkeypatch):
    """A cluster whose answers are taken from the list, one a second; the last stays."""
    answers, asked = [], []

    class Client:
        def list_pod_for_all_namespaces(self, label_selector):
            asked.append(label_selector)
            return types.SimpleNamespace(items=answers.pop(0) if len(answers) > 1 else answers[0])

    config = types.SimpleNamespace(load_incluster_config=lambda: None, ConfigException=RuntimeError)
    client = types.SimpleNamespace(CoreV1Api=Client)
    package = types.SimpleNamespace(client=client, config=config)
    for name, module in {"": package, ".client": client, ".config": config}.items():
        monkeypatch.setitem(sys.modules, f"kubernetes{name}", module)
    variables = {"POD_SELECTOR": "job-name=train", "NUM_WORKERS": "2", "HOST_IP": "10.0.0.2"}
    for name, value in variables.items():
        monkeypatch.setenv(f"TFDGM_{name}", value)
    monkeypatch.setattr(strategies.time, "sleep", lambda seconds: None)
    return types.SimpleNamespace(answers=answers, asked=asked, config=config)


def test_pods_are_workers_once_all_of_them_run(pods):
    first, second = _pod("train-0-a", "10.0.0.1"), _pod("train-1-b", "10.0.0.2")
    pods.answers[:] = [[first], [first, _pod("train-1-b", None, "Pending")], [second, first]]
    resolver = strategies.RESOLVERS["kubernetes"]()
    assert resolver.cluster_spec().as_dict() == {"worker": ["10.0.0.1:8470", "10.0.0.2:8470"]}
    assert (resolver.task_type, resolver.task_id) == ("worker", 1)
    assert pods.asked == ["job-name=train"] * 3


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        (["10.0.0.1", "10.0.0.3"], "TFDGM_HOST_IP is '10.0.0.2', where 0 of the pods"),
        (["10.0.0.2", "10.0.0.2"], "where 2 of the pods"),
        (["10.0.0.2"], "TFDGM_NUM_WORKERS is 2, but after 0 seconds 1 pods run"),
    ],
)
def test_pods_that_make_no_cluster_are_refused(pods, monkeypatch, hosts, words):
    monkeypatch.setattr(strategies, "_POD_SECONDS", 0.0)
    pods.answers[:] = [[_pod(f"train-{number}", host) for number, host in enumerate(hosts)]]
    with pytest.raises(ValueError, match=words):
        strategies.RESOLVERS["kubernetes"]()


def test_kubernetes_outside_a_pod_is_refused(pods):
    def fail():
        raise pods.config.ConfigException("Service host/port is not set.")

    pods.config.load_incluster_config = fail
    with pytest.raises(ValueError, match="for a pod's own process: Service host/port is not set"):
        strategies.RESOLVERS["kubernetes"]()


def test_kubernetes_without_its_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(ValueError, match="pip install kubernetes"):
        strategies.RESOLVERS["kubernetes"]()
