from odoo import http
from odoo.http import request

from ..channels.inbound import LARGEST_BODY, RefusedError


class RopoWebhook(http.Controller):
    """What Ropo reports by itself. 2xx: kept; 4xx: never again; 5xx: please again."""

    @http.route(
        "/ropo/webhook/<string:webhook_key>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=LARGEST_BODY,
    )
    def receive(self, webhook_key, **_params):
        """Keeps a batch of messages; the answer leaves after the commit."""
        call = request.httprequest
        login = call.authorization
        account = request.env["ropo.account"]._of_webhook(
            webhook_key, login and login.username, login and login.password
        )
        if not account:
            challenge = [("WWW-Authenticate", 'Basic realm="Ropo"')]
            return self._answer(401, {"error": "Unauthorized"}, challenge)
        try:
            messages = account._channel().messages(call.get_data(), call.headers)
        except RefusedError as error:
            return self._answer(error.status, {"error": str(error)})
        stored = request.env["ropo.inbox"]._receive(account, messages)
        return self._answer(200, {"messages": len(messages), "new": len(stored)})

    def _answer(self, status, body, headers=()):
        return request.make_json_response(body, status=status, headers=list(headers))
