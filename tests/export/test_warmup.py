from collections import Counter

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

import tfdgm
from tfdgm.export import warmup
from tfdgm.export.signatures import trace, with_default


def test_the_file_asks_every_signature_with_several_batch_sizes(tmp_path):
    model = tfdgm.build("vae", latent_dim=3, hidden_sizes=(8,))
    functions = with_default(trace(model))
    path = warmup.write(tmp_path, "digits", functions, model.spec)
    assert path == tmp_path / "assets.extra" / "tf_serving_warmup_requests"
    asked = Counter()
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        asked_for = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        assert asked_for.model_spec.name == "digits"
        inputs = {name: tf.make_ndarray(proto) for name, proto in asked_for.inputs.items()}
        outputs = functions[asked_for.model_spec.signature_name](**{k: tf.constant(v) for k, v in inputs.items()})
        num_rows = {len(value) for value in inputs.values()} | {len(value) for value in outputs.values()}
        assert len(num_rows) == 1
        asked[asked_for.model_spec.signature_name, num_rows.pop()] += 1
        if "x" in inputs:
            assert set(np.unique(inputs["x"])) == {0.0, 1.0}
    assert asked == {(name, num_rows): 1 for name in functions for num_rows in (1, 4, 16)}
