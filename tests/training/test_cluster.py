"""What the environment says of the workers, and what is answered when it says nothing, or nonsense."""

import json

import pytest

from tfdgm.training.cluster import HOST_IP, NUM_WORKERS, POD_SELECTOR, SLURM_VARIABLES, check_cluster, tf_config

_PAIR = ["h0:2222", "h1:2222"]
_SLURM = dict.fromkeys(SLURM_VARIABLES, "1")
_PODS = {POD_SELECTOR: "job-name=train", NUM_WORKERS: "2", HOST_IP: "10.0.0.1"}


def _config(cluster=None, **task):
    cluster = {"worker": _PAIR} if cluster is None else cluster
    return json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 1, **task}})


@pytest.mark.parametrize(
    ("strategy", "cluster", "tpu", "environment"),
    [
        ("default", "tf_config", "", {}),
        ("mirrored", "tf_config", "", {}),
        ("tpu", "tf_config", "local", {"TF_CONFIG": _config()}),
        ("default", "tf_config", "", {"TF_CONFIG": _config({"worker": ["h:1"]}, index=0)}),
        ("default", "tf_config", "", {"TF_CONFIG": "of some other program"}),
        ("multi_worker", "tf_config", "", {"TF_CONFIG": tf_config(_PAIR, 0)}),
        ("multi_worker", "tf_config", "", {"TF_CONFIG": _config(index="1")}),
        ("multi_worker", "tf_config", "", {"TF_CONFIG": _config({"chief": ["c:1"], "worker": ["h:1"]}, index=0)}),
        ("multi_worker", "tf_config", "", {"TF_CONFIG": _config({"chief": ["c:1"]}, type="chief", index=0)}),
        ("multi_worker", "slurm", "", _SLURM),
        ("multi_worker", "kubernetes", "", _PODS),
    ],
)
def test_what_fits_is_let_be(strategy, cluster, tpu, environment):
    check_cluster(strategy, cluster, tpu, environment)


@pytest.mark.parametrize(
    ("strategy", "cluster", "tpu", "environment", "words"),
    [
        ("default", "slurms", "", {}, "cluster is 'slurms'; it must be one of tf_config, slurm, kubernetes"),
        ("mirrored", "tf_config", "t", {}, "tpu is 't', but strategy is 'mirrored'"),
        ("default", "slurm", "", _SLURM, "cluster is 'slurm', but strategy is 'default'; it must be multi_worker"),
        ("default", "tf_config", "", {"TF_CONFIG": _config()}, "strategy is 'default', but TF_CONFIG names several"),
        ("multi_worker", "tf_config", "", {}, r"TF_CONFIG is not set.*\"task\".*trainers.launch_local sets it"),
        ("multi_worker", "slurm", "", {**_SLURM, "SLURM_PROCID": ""}, "SLURM_PROCID is not set.*srun"),
        ("multi_worker", "kubernetes", "", {**_PODS, HOST_IP: ""}, "TFDGM_HOST_IP is not set.*status.hostIP"),
        ("multi_worker", "kubernetes", "", {**_PODS, NUM_WORKERS: "0"}, "TFDGM_NUM_WORKERS is '0'.*at least 1"),
    ],
)
def test_what_does_not_fit_is_named(strategy, cluster, tpu, environment, words):
    with pytest.raises(ValueError, match=words):
        check_cluster(strategy, cluster, tpu, environment)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "TF_CONFIG is not JSON"),
        ("[]", r"TF_CONFIG is \[\]; it must be like"),
        ("{}", "TF_CONFIG.cluster is None"),
        (_config({}), "TF_CONFIG.cluster is {}"),
        (_config({"worker": _PAIR, "ps": ["p:1"]}), "TF_CONFIG.cluster is .*'ps'"),
        (_config({"worker": "h:1"}), "TF_CONFIG.cluster.worker is 'h:1'; it must be a list of host:port"),
        (_config({"worker": []}), r"TF_CONFIG.cluster.worker is \[\]"),
        (_config({"worker": ["h:1", "h"]}), r"TF_CONFIG.cluster.worker\[1\] is 'h'; it must be host:port"),
        (_config({"worker": ["h:1", 2]}), r"TF_CONFIG.cluster.worker\[1\] is 2"),
        (_config({"worker": ["h:0"]}), r"worker\[0\] is 'h:0'; it must be host:port with a port from 1 to 65535"),
        (_config({"worker": ["h:65536"]}), r"worker\[0\] is 'h:65536'"),
        (_config({"worker": ["h:1", "h:1"]}), "TF_CONFIG.cluster is 'h:1'; it must be a list that names each address"),
        (_config({"chief": ["c:1", "c:2"], "worker": _PAIR}), "TF_CONFIG.cluster.chief is .* it must be one address"),
        (json.dumps({"cluster": {"worker": _PAIR}}), "TF_CONFIG.task is None"),
        (_config(type="chief"), "TF_CONFIG.task.type is 'chief'; it must be one of worker"),
        (_config(index=2), "TF_CONFIG.task.index is 2; it must be a whole number from 0 to 1"),
        (_config(index=-1), "TF_CONFIG.task.index is -1"),
        (_config(index=None), "TF_CONFIG.task.index is None"),
        (_config(index=True), "TF_CONFIG.task.index is True"),
    ],
)
def test_the_field_of_tf_config_that_is_wrong_is_named(text, words):
    with pytest.raises(ValueError, match=words):
        check_cluster("multi_worker", "tf_config", "", {"TF_CONFIG": text})
