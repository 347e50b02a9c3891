import hashlib

import numpy as np

from tfdgm.evaluation.hashes import hash_of_files, hash_of_weights


def test_weights_have_the_hash_of_their_values_shapes_and_order():
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(2, np.float32)
    found = hash_of_weights([a, b])
    assert found == hash_of_weights([np.asfortranarray(a), b.copy()])
    assert len(found) == 64
    others = [[b, a], [a.reshape(3, 2), b], [a.astype(np.float64), b], [a + 1e-6, b], [a]]
    assert len({found, *map(hash_of_weights, others)}) == 6


def test_files_have_the_hash_that_sha256sum_prints(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    digests = [hashlib.sha256(content).hexdigest() for content in (b"1", b"2")]
    assert hash_of_files([one]) == digests[0]
    lines = f"{digests[0]}  one\n{digests[1]}  two\n"
    assert hash_of_files([one, tmp_path, two]) == hashlib.sha256(lines.encode()).hexdigest()
