"""The log as JSON."""

import json
import logging
import sys

from serving.log_format import JsonFormatter


def _entry(**fields):
    record = logging.LogRecord("serving.x", logging.WARNING, "f.py", 1, "saw %d\nlines", (3,), fields.pop("exc", None))
    vars(record).update(fields)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_record_is_one_line_with_its_extra_fields():
    entry = _entry(model="m", milliseconds=1.5)
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "severity": "WARNING", "logger": "serving.x", "message": "saw 3\nlines", "model": "m", "milliseconds": 1.5
    }  # fmt: skip


def test_exceptions_stay_in_the_log():
    try:
        raise ValueError("broken")
    except ValueError:
        entry = _entry(exc=sys.exc_info())
    assert entry["exception"].endswith("ValueError: broken")
