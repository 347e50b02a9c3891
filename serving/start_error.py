"""Why a server cannot start, and how addresses are written in what it says."""


class StartError(RuntimeError):
    """The server cannot start; the message is one line that says why."""


def address(host: str, port: int | None) -> str:
    """`HOST:PORT`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
