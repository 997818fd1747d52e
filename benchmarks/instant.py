"""A server that answers at once, for `overhead`: OpenAI's chat API, always the same few words."""

from __future__ import annotations

import asyncio
import json
import sys

ANSWER = {
    "model": "instant",
    "choices": [{"message": {"content": "It is settled. Nothing is left to do."}}],
    "usage": {"prompt_tokens": 60, "completion_tokens": 9},
}
ANSWER["choices"][0]["finish_reason"] = "stop"  # type: ignore[index]


class Instant(asyncio.Protocol):
    """Reads a request up to its end and writes the one answer that there is."""

    def __init__(self) -> None:
        """Nothing has come in."""
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write to."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            head = self.held[:end].lower()
            start = head.find(b"content-length:")
            size = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            if len(self.held) < end + 4 + size:
                return
            self.held = self.held[end + 4 + size :]
            assert isinstance(self.transport, asyncio.WriteTransport)
            self.transport.write(REPLY)


def reply() -> bytes:
    """The answer with its head."""
    body = json.dumps(ANSWER).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


REPLY = reply()


async def serve() -> None:
    """Serve on a free port of this machine, and print it."""
    server = await asyncio.get_running_loop().create_server(Instant, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(serve()))
