"""What the server counts and times, in Prometheus's text format under TensorFlow Serving's names.

Written by hand: those names begin with a colon and end in no `_total`, which client libraries would not write.
"""

import bisect
import collections
import contextlib
import itertools
import pathlib
import resource
import threading
import time
from collections.abc import Iterator, Sequence

from serving.status import Code, public_error
from serving.text_proto import define_message, read_text_proto

_PREFIX = ":tensorflow:serving:"
_DEFAULT_PATH = "/monitoring/prometheus/metrics"
_LATENCY_BUCKETS = [10 * 1.8**power for power in range(33)]  # microseconds, up to some 20 minutes
_COUNT_BUCKETS = [float(2**power) for power in range(15)]
_NUM_REMEMBERED_BATCHES = 4096

define_message("tensorflow.serving.PrometheusConfig", {"enable": "bool", "path": "string"})
_MESSAGE = define_message(
    "tensorflow.serving.MonitoringConfig", {"prometheus_config": "tensorflow.serving.PrometheusConfig"}
)


def read_prometheus_path(path: pathlib.Path) -> str | None:
    """The path of the REST port at which metrics stand, by a text-format `MonitoringConfig`; None where they are off.

    Raises:
      ConfigError: naming the file and what is wrong with it.
    """
    config = read_text_proto(path, _MESSAGE).prometheus_config
    return (config.path or _DEFAULT_PATH) if config.enable else None


class Counter:
    """Numbers that only grow, one for each combination of labels."""

    def __init__(self, name: str, labels: Sequence[str]) -> None:
        """Begins at nothing."""
        self.name, self._labels = _PREFIX + name, labels
        self._lock = threading.Lock()
        self._values: dict[tuple[str, ...], int] = collections.defaultdict(int)

    def add(self, *labels: str, value: int = 1) -> None:
        """Adds `value` to the number of `labels`."""
        with self._lock:
            self._values[labels] += value

    def lines(self) -> Iterator[str]:
        """Prometheus's text."""
        yield f"# TYPE {self.name} counter"
        with self._lock:
            values = dict(self._values)
        for labels, value in values.items():
            yield f"{self.name}{{{_text(self._labels, labels)}}} {value}"


class Histogram:
    """Numbers by size, for each combination of labels."""

    def __init__(self, name: str, labels: Sequence[str], limits: Sequence[float]) -> None:
        """Begins with nothing in its buckets, whose upper `limits` increase; one more has no limit."""
        self.name, self._labels, self._limits = _PREFIX + name, labels, limits
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = collections.defaultdict(float)

    def add(self, *labels: str, value: float) -> None:
        """Puts `value` in its bucket."""
        with self._lock:
            counts = self._counts.setdefault(labels, [0] * (len(self._limits) + 1))
            counts[bisect.bisect_left(self._limits, value)] += 1
            self._sums[labels] += value

    def totals(self) -> tuple[int, float]:
        """How many numbers there were, and their sum, over all labels."""
        with self._lock:
            return sum(map(sum, self._counts.values())), sum(self._sums.values())

    def lines(self) -> Iterator[str]:
        """Prometheus's text."""
        yield f"# TYPE {self.name} histogram"
        with self._lock:
            points = [(labels, list(counts), self._sums[labels]) for labels, counts in self._counts.items()]
        for labels, counts, total in points:
            text = _text(self._labels, labels)
            limits = [*(f"{limit:g}" for limit in self._limits), "+Inf"]
            for limit, count in zip(limits, itertools.accumulate(counts), strict=True):
                yield f'{self.name}_bucket{{{text},le="{limit}"}} {count}'
            yield f"{self.name}_sum{{{text}}} {total:g}"
            yield f"{self.name}_count{{{text}}} {sum(counts)}"


class Metrics:
    """All metrics of one server.

    Attributes:
      batches: rows of each merged batch as it ran, padding among them.
    """

    def __init__(self) -> None:
        """Begins at nothing."""
        api = ("model_name", "API")
        self._requests = Counter("request_count", ("model_name", "status"))
        self._latency = Histogram("request_latency", (*api, "entrypoint"), _LATENCY_BUCKETS)
        self._runtime = Histogram("runtime_latency", (*api, "runtime"), _LATENCY_BUCKETS)
        self._examples = Histogram("request_example_counts", ("model",), _COUNT_BUCKETS)
        self._example_total = Counter("request_example_count_total", ("model",))
        self._warmup = Histogram("model_warmup_latency", ("model_path", "status"), _LATENCY_BUCKETS)
        self._queuing = Histogram("batching_session:queuing_latency", ("thread_pool_name",), _LATENCY_BUCKETS)
        self.batches = Histogram("batching:processed_batch_size", ("model_name", "op_name"), _COUNT_BUCKETS)
        self._lock = threading.Lock()
        self._seen: collections.OrderedDict[tuple[str, str, float], None] = collections.OrderedDict()

    def add_request(self, model: str, api: str, entrypoint: str, code: Code, seconds: float) -> None:
        """A request was answered, `code` being OK or why not."""
        self._requests.add(model, code.name)
        self._latency.add(model, api, entrypoint, value=seconds * 1e6)

    @contextlib.contextmanager
    def runtime(self, model: str, api: str) -> Iterator[None]:
        """Times the model itself, the wait for its batch among it."""
        start = time.perf_counter()
        yield
        self._runtime.add(model, api, "TF2", value=(time.perf_counter() - start) * 1e6)

    @contextlib.contextmanager
    def warmup(self, folder: pathlib.Path) -> Iterator[None]:
        """Times the warm-up of the version in `folder`."""
        start, code = time.perf_counter(), Code.OK
        try:
            yield
        except Exception as error:
            code = public_error(error).code
            raise
        finally:
            self._warmup.add(str(folder), code.name, value=(time.perf_counter() - start) * 1e6)

    def add_examples(self, model: str, number: int) -> None:
        """A request brought so many `tf.train.Example`s."""
        self._examples.add(model, value=number)
        self._example_total.add(model, value=number)

    def add_batch(self, model: str, signature: str, rows: int, started: float, waited: float) -> None:
        """A request was answered from a batch; requests of one batch name the same start.

        Args:
          model: name of the model.
          signature: which.
          rows: of the batch as it ran.
          started: when it began to, in seconds since the epoch.
          waited: seconds that the request was in the queue.
        """
        self._queuing.add(f"{model}/{signature}", value=max(waited, 0.0) * 1e6)
        key = model, signature, started
        with self._lock:
            if key in self._seen:
                return
            self._seen[key] = None
            if len(self._seen) > _NUM_REMEMBERED_BATCHES:
                self._seen.popitem(last=False)
        self.batches.add(model, signature, value=rows)

    def exposition(self) -> str:
        """Prometheus's text of all metrics, and the memory and processor time of the process."""
        metrics = (
            self._requests,
            self._latency,
            self._runtime,
            self._examples,
            self._example_total,
            self._warmup,
            self._queuing,
            self.batches,
        )
        usage = resource.getrusage(resource.RUSAGE_SELF)
        lines = [line for metric in metrics for line in metric.lines()]
        lines += ["# TYPE process_resident_memory_bytes gauge", f"process_resident_memory_bytes {resident_bytes()}"]
        lines += ["# TYPE process_cpu_seconds_total counter", f"process_cpu_seconds_total {usage[0] + usage[1]:.2f}"]
        return "\n".join(lines) + "\n"


def resident_bytes() -> int:
    """The memory that this process holds, by Linux's word."""
    return int(pathlib.Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def _text(names: Sequence[str], values: Sequence[str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
