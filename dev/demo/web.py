"""Odoo over HTTP for as long as Ropo has something to push."""

import contextlib
import threading


@contextlib.contextmanager
def served():
    """The address at which this process's Odoo answers meanwhile."""
    from werkzeug.serving import make_server

    from odoo import http
    from odoo.service.server import load_server_wide_modules

    load_server_wide_modules()
    server = make_server("127.0.0.1", 0, http.root, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
