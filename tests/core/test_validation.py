"""Messages of argument checks."""

import pytest

from tfdgm.core.validation import require_at_least, require_choice


def test_choice_names_field_value_and_choices():
    require_choice("network", "mlp", ("mlp", "conv"))
    with pytest.raises(ValueError, match="^network is 'mpl'; it must be one of mlp, conv$"):
        require_choice("network", "mpl", ("mlp", "conv"))


def test_at_least_names_the_first_field_below():
    require_at_least(1, latent_dim=1, num_layers=2)
    with pytest.raises(ValueError, match="^num_layers is 0; it must be at least 1$"):
        require_at_least(1, latent_dim=1, num_layers=0)
