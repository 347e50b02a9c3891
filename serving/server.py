"""`python -m serving.server`: serves the SavedModels of a folder to TensorFlow Serving clients.

    python -m serving.server --model_name=mnist --model_base_path=/models/mnist --port=8500 --rest_api_port=8501

The flags are those of `tensorflow_model_server`; `--help` lists the ones there are. SIGTERM and SIGINT end the server
once the requests it accepted are answered, with exit code 0.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence

from serving import log_format
from serving.flags import Options, parse_flags
from tfdgm.core.loading import load_tensorflow


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the server until it is told to stop.

    Args:
      argv: flags; None takes the process's.

    Returns:
      Exit code: 0 after a clean end, 1 where the server could not start; wrong flags exit with 2.
    """
    options = parse_flags(argv)
    log_format.configure(options.log_format)
    # Here, not above: a mistake in a flag must not wait for TensorFlow.
    load_tensorflow()
    from serving.start_error import StartError
    from serving.text_proto import ConfigError

    try:
        asyncio.run(_serve(options))
    except (StartError, ConfigError, OSError) as error:
        print(f"tfdgm-serve: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(options: Options) -> None:
    from serving.model_server import ModelServer

    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, os._exit, 0)  # nothing is accepted yet, so there is nothing to finish
    server = ModelServer(options)
    stopping = asyncio.Event()
    try:
        await server.start()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, stopping.set)
        logging.getLogger("serving").info(server.describe())
        await stopping.wait()
        logging.getLogger("serving").info("stopping: requests under way get %d s", options.shutdown_grace_seconds)
    finally:
        await server.stop()


if __name__ == "__main__":
    sys.exit(main())
