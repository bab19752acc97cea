from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Merged contacts keep their cases, and each protection that one of them had."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _update_values(self, src_partners, dst_partner):
        # EXTENDS 'base': that leaves out what the user may not read
        result = super()._update_values(src_partners, dst_partner)
        survivor = dst_partner.sudo()
        missing = {
            name: value
            for name, field in survivor._fields.items()
            if name.startswith("ropo_") and field.column_type and not survivor[name]
            for partner in src_partners.sudo()
            if (value := partner[name])
        }
        if missing:
            survivor.write(missing)
        return result

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        # EXTENDS 'base': it moves records in SQL, past all that follows on a change
        partners = self.env["res.partner"].browse(partner_ids).exists()
        cases = self.env["ropo.job"].sudo()
        cases = cases.search([("partner_id", "in", partners.commercial_partner_id.ids)])
        result = super()._merge(partner_ids, dst_partner, extra_checks)
        self._follow_merge(cases)
        return result

    def _follow_merge(self, cases):
        """The cases belong to the commercial partner that survived, who may be another
        than the contact that did."""
        moves = cases.move_id
        if not moves:
            return
        partners = moves.partner_id
        for records, name in (
            (partners, "commercial_partner_id"),
            (moves, "commercial_partner_id"),
            (cases, "partner_id"),
        ):
            self.env.add_to_compute(records._fields[name], records)
            records._recompute_recordset([name])
        self.env["ropo.exemption"]._follow_partners(cases.partner_id)
