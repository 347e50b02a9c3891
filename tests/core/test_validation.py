"""Messages of argument checks."""

import pytest

from tfdgm.core.validation import require_at_least, require_between, require_choice


def test_choice_names_field_value_and_choices():
    require_choice("network", "mlp", ("mlp", "conv"))
    with pytest.raises(ValueError, match="^network is 'mpl'; it must be one of mlp, conv$"):
        require_choice("network", "mpl", ("mlp", "conv"))


def test_at_least_names_the_first_field_below():
    require_at_least(1, latent_dim=1, num_layers=2)
    with pytest.raises(ValueError, match="^num_layers is 0; it must be at least 1$"):
        require_at_least(1, latent_dim=1, num_layers=0)


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_between_names_the_first_field_outside(rate):
    require_between(0, 1, mean_rate=0.0, target=1.0)
    with pytest.raises(ValueError, match=f"^rate is {rate}; it must lie between 0 and 1$"):
        require_between(0, 1, target=0.5, rate=rate)
