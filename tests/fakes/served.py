"""A gateway on a real socket, for clients that are no coroutines: a server in a thread."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from local.patience import PatientProtocol


@contextmanager
def served(app: FastAPI, *, http: type[PatientProtocol] = PatientProtocol) -> Iterator[str]:
    """The address of a gateway; its services are opened on the server's own loop."""
    config = uvicorn.Config(app, port=0, log_level="warning", http=http)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
