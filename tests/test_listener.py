import threading
import time
import urllib.request

import pytest
from flask import Flask

from engine.cli.listener import Listener

LONG = "done" * 5_000_000


@pytest.fixture
def app():
    app = Flask(__name__)
    app.begun = threading.Event()

    @app.get("/slow")
    def slow():
        app.begun.set()
        time.sleep(0.6)
        # More than the socket takes at once: the loop has to send the rest.
        return LONG

    return app


def test_a_stop_answers_what_is_under_way_and_lets_nothing_in(app):
    listener = Listener(app, host="127.0.0.1", port=0, threads=2)
    stopping = threading.Event()
    loop = threading.Thread(target=listener.run, args=(stopping,))
    loop.start()
    answers = []
    url = f"http://127.0.0.1:{listener.port}/slow"
    client = threading.Thread(
        target=lambda: answers.append(urllib.request.urlopen(url, timeout=60).read())
    )
    client.start()
    assert app.begun.wait(60)

    stopping.set()
    client.join(60)
    loop.join(60)
    listener.close()

    assert answers == [LONG.encode()]
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=20)


def test_an_idle_server_stops_at_once(app):
    listener = Listener(app, host="127.0.0.1", port=0, threads=1)
    stopping = threading.Event()
    stopping.set()

    began = time.monotonic()
    listener.run(stopping)
    listener.close()

    assert time.monotonic() - began < 120
