"""How a model stands in the unified view of Hu et al. (2018): what its own parts are in the notation of the view."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class UnifiedForm:
    """A model as x, z, y, p and q, each in words or symbols; a class attribute `unified` of the model.

    Attributes:
      x: what is told real from generated.
      z: what lies behind it.
      y: which of the two it is.
      p: p_theta(x|y), for y = 0 and for y = 1.
      discriminator: q_phi(y|x).
      inference: q_eta(z|x, y); empty where there is none.
      minimizes: the divergence, up to constants, and who minimises it.
      source: author and year.
    """

    x: str
    z: str
    y: str
    p: str
    discriminator: str
    inference: str
    minimizes: str
    source: str
