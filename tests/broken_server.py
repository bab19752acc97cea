"""A server of files on this machine that breaks off or sends other bytes."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class BrokenServer(ThreadingHTTPServer):
    """Serves `files`, by path; all but `fragile` of them whole and right."""

    def __init__(self, files, fragile):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.fragile = fragile
        self.wrong = 0  # so many times it sends other bytes
        self.cut_at = []  # after how many bytes it breaks off, in turn
        self.ranges = []  # which part of the fragile file was asked for, in turn
        self._thread = threading.Thread(target=self.serve_forever)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, server = self.path.replace("/./", "/"), self.server
        body = server.files.get(path)
        if body is None:
            return self._answer(404, b"", {})
        if path != server.fragile:
            return self._answer(200, body, {"Content-Type": "text/html"})
        if server.wrong:
            server.wrong -= 1
            body = body[:-1] + bytes([body[-1] ^ 1])
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        first = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
        headers = {"ETag": '"1"', "Cache-Control": "max-age=31536000"}
        headers["Last-Modified"] = "Sat, 01 Nov 2025 00:00:00 GMT"
        if first:
            headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
        cut = server.cut_at.pop(0) if server.cut_at else None
        self._answer(206 if first else 200, body[first:], headers, cut)

    def _answer(self, status, body, headers, cut=None):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = True

    def log_message(self, *_arguments):
        pass
