"""A trainer for extractors: the training of this package, with the binary's raw files."""

import pathlib

from tfdgm.training import run
from trainers.extractor_training import trainer


def test_it_trains_what_it_is_given_where_it_is_told(monkeypatch):
    calls = []
    monkeypatch.setattr(run, "train", lambda *args, **kwargs: calls.append((args, kwargs)))
    trainer("raw")("config", pathlib.Path("folder"))
    assert calls == [(("config", pathlib.Path("folder")), {"manual_dir": "raw"})]
