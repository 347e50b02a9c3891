"""The pictures of `tfdgm.models.pictures`, where someone who evaluates looks for them."""

from tfdgm.models.pictures import all_grids, interpolation_grid, reconstruction_grid, sample_grid, traversal_grid

__all__ = ["all_grids", "interpolation_grid", "reconstruction_grid", "sample_grid", "traversal_grid"]
