"""What a client's protocols have in common."""

import dataclasses
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from serving.dtypes import DType


class ClientError(RuntimeError):
    """A request that failed; the message is one line for the user.

    Attributes:
      is_unavailable: the server was not there or could not take the request now; it may later.
    """

    def __init__(self, message: str, *, is_unavailable: bool = False) -> None:
        """Keeps both."""
        super().__init__(message)
        self.is_unavailable = is_unavailable


@dataclasses.dataclass(frozen=True)
class SignatureTypes:
    """Element types of one signature.

    Attributes:
      inputs: by name.
      outputs: by name.
    """

    inputs: Mapping[str, DType]
    outputs: Mapping[str, DType]


class Transport(Protocol):
    """One connection to one model; safe in several threads."""

    def signatures(self) -> dict[str, SignatureTypes]:
        """The model's signatures by name.

        Raises:
          ClientError: where the server cannot be reached or does not know the model.
        """

    def predict(
        self, signature_name: str, inputs: Mapping[str, np.ndarray], types: SignatureTypes
    ) -> dict[str, np.ndarray]:
        """Calls a signature.

        Args:
          signature_name: which.
          inputs: by name, of the signature's element types.
          types: those types.

        Raises:
          ClientError: where the server cannot be reached or refuses the request.
        """

    def close(self) -> None:
        """Lets go of the connection."""


class AsyncTransport(Protocol):
    """The same on an event loop."""

    async def signatures(self) -> dict[str, SignatureTypes]:
        """As `Transport.signatures`."""

    async def predict(
        self, signature_name: str, inputs: Mapping[str, np.ndarray], types: SignatureTypes
    ) -> dict[str, np.ndarray]:
        """As `Transport.predict`."""

    async def close(self) -> None:
        """As `Transport.close`."""
