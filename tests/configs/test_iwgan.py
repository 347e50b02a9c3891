"""An IWGAN's preset differs from that of the GAN it is held against in the loss alone."""

import pytest

from tfdgm.configs import get_config


@pytest.mark.parametrize(
    ("iwgan", "gan"),
    [
        ("iwgan:mixture8", "gan:mixture8"),
        ("iwgan:digits", "dcgan:digits"),
        ("iwgan:digits:conditional", "dcgan:digits:conditional"),
        ("iwgan:mnist", "dcgan:mnist:r1"),
    ],
)
def test_all_but_the_loss_is_the_gans(iwgan, gan):
    own, others = (get_config(name).to_dict() for name in (iwgan, gan))
    differing = {name for name in own["model"] | others["model"] if own["model"].get(name) != others["model"].get(name)}
    assert differing == {"model_name", "loss", "num_importance_samples"}
    assert others["model"]["loss"] == "non_saturating"
    for field in ("optimizers", "data", "training", "evaluation"):
        assert own[field] == others[field]
