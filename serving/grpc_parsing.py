"""Requests over gRPC that are no messages: refused as such, where the library would call them a fault of the server."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf import message


class RefuseUnparsable(grpc.aio.ServerInterceptor):
    """Answers bytes that do not parse as the method's request with INVALID_ARGUMENT."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """The handler of a method, which gets its request as bytes and parses it itself."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None or handler.request_deserializer is None:
            return handler
        answer, parse = handler.unary_unary, handler.request_deserializer

        async def parse_and_answer(request: bytes, context: grpc.aio.ServicerContext) -> Any:
            try:
                parsed = parse(request)
            except message.DecodeError:
                return await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "request does not parse as its message")
            return await answer(parsed, context)

        return grpc.unary_unary_rpc_method_handler(parse_and_answer, None, handler.response_serializer)
