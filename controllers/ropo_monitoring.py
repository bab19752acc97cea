import hmac

from odoo import http
from odoo.http import request

from ..services.monitoring import CONTENT_TYPE, TOKEN

GET = {
    "type": "http",
    "auth": "public",
    "methods": ["GET"],
    "save_session": False,
    "readonly": True,
}


class RopoMonitoring(http.Controller):
    """What a monitoring system may ask. Off until a token is set; nothing is there for
    who does not know it."""

    @http.route("/ropo/metrics", **GET)
    def metrics(self, **_params):
        """Figures for each account in Prometheus' text form."""
        self._check_token()
        text = request.env["ropo.monitoring"].sudo()._metrics()
        if text is None:
            return request.make_response(
                "Install the Python package prometheus-client to get figures.\n",
                headers=[("Content-Type", "text/plain")],
                status=501,
            )
        return request.make_response(text, headers=[("Content-Type", CONTENT_TYPE)])

    @http.route("/ropo/health", **GET)
    def health(self, **_params):
        """200 while all goes well, 503 with what does not."""
        self._check_token()
        problems = request.env["ropo.monitoring"].sudo()._problems()
        body = {"status": "fail" if problems else "pass", "problems": problems}
        return request.make_json_response(body, status=503 if problems else 200)

    def _check_token(self):
        parameters = request.env["ir.config_parameter"].sudo()
        token = parameters.get_param(TOKEN) or ""
        given = request.httprequest.authorization
        given = given.token if given and given.type == "bearer" else None
        if not token or not hmac.compare_digest(token.encode(), (given or "").encode()):
            raise request.not_found()
