import json

from odoo import http
from odoo.http import content_disposition, request


class RopoDisclosure(http.Controller):
    """A customer's data as a file: nothing of it is kept in the database."""

    @http.route("/ropo/disclosure/<int:partner_id>", type="http", auth="user")
    def download(self, partner_id, companies=""):
        """The JSON document; `companies` are ids, separated by commas."""
        wanted = {int(text) for text in companies.split(",") if text.isdigit()}
        allowed = [id_ for id_ in request.env.user.company_ids.ids if id_ in wanted]
        env = request.env
        if allowed:
            env = env(context={**env.context, "allowed_company_ids": allowed})
        partner = env["res.partner"].browse(partner_id)
        document = env["ropo.disclosure"]._document(partner)
        body = json.dumps(document, indent=2, ensure_ascii=False)
        name = f"Ropo {partner.commercial_partner_id.name}.json"
        return request.make_response(
            body.encode(),
            headers=[
                ("Content-Type", "application/json; charset=utf-8"),
                ("Content-Disposition", content_disposition(name)),
                ("Cache-Control", "no-store"),
            ],
        )
