from odoo import api, models

from .account_move_send import METHOD


class AccountMoveSendWizard(models.TransientModel):
    _inherit = "account.move.send.wizard"

    @api.depends("move_id")
    def _compute_sending_method_checkboxes(self):
        # EXTENDS 'account': what can't go through Ropo, such as what Ropo has already,
        # can't be chosen, with the reason
        result = super()._compute_sending_method_checkboxes()
        for wizard in self:
            boxes = wizard.sending_method_checkboxes or {}
            move = wizard.move_id._origin
            if METHOD in boxes and not self._is_applicable_to_move(METHOD, move):
                label = self.env._(
                    "%(method)s (not possible: %(reason)s)",
                    method=boxes[METHOD]["label"],
                    reason=self._ropo_verdict(move).text,
                )
                disabled = {"checked": False, "readonly": True, "label": label}
                wizard.sending_method_checkboxes = {**boxes, METHOD: disabled}
        return result

    @api.depends("sending_methods")
    def _compute_mail_attachments_widget(self):
        # EXTENDS 'account': what goes along by Ropo too, and of Odoo's own documents
        # none where Ropo alone gets it.
        result = super()._compute_mail_attachments_widget()
        attachments = self.env["ropo.attachments"]
        for wizard in self:
            methods = wizard.sending_methods or []
            if METHOD not in methods:
                continue
            shown = wizard.mail_attachments_widget
            data = {"sending_methods": methods, "extra_edis": wizard.extra_edis}
            if self._ropo_alone(data):
                shown = [item for item in shown if item.get("manual")]
            move = wizard.move_id._origin
            files = attachments._default_files(move).get(move, [])
            wizard.mail_attachments_widget = shown + [
                {
                    "id": file.id,
                    "name": file.name,
                    "mimetype": file.mimetype,
                    "placeholder": False,
                    "protect_from_deletion": True,
                    "ropo": True,
                }
                for file in files
            ]
        return result

    @api.depends("sending_methods")
    def _compute_attachments_not_supported(self):
        # EXTENDS 'account'
        result = super()._compute_attachments_not_supported()
        attachments = self.env["ropo.attachments"]
        for wizard in self:
            if METHOD in (wizard.sending_methods or []):
                files = wizard._ropo_listed_files()
                text = self.env._(
                    "Ropo takes PDFs, and Excel and CSV only for companies."
                )
                refused = files - attachments._takes(wizard.move_id, files)
                wizard.attachments_not_supported = {
                    **(wizard.attachments_not_supported or {}),
                    **dict.fromkeys(refused.ids, text),
                }
        return result

    @api.depends("mail_attachments_widget")
    def _compute_alerts(self):
        # EXTENDS 'account': they may be too large
        return super()._compute_alerts()

    @api.model
    def _is_applicable_to_move(self, method, move, **move_data):
        # EXTENDS 'account': who opens the dialog for one invoice is to see what is to
        # be fixed for the customer's own way, and not another way chosen.
        applicable = super()._is_applicable_to_move(method, move, **move_data)
        if method != METHOD or applicable:
            return applicable
        record = self._ropo_verdict(move).record
        return bool(record) and record != move

    @api.model
    def _display_attachments_widget(self, edi_format, sending_methods):
        # EXTENDS 'account'
        return METHOD in sending_methods or super()._display_attachments_widget(
            edi_format, sending_methods
        )

    def _ropo_files(self, moves):
        # EXTENDS: those that the dialog lists
        files = self._ropo_listed_files()
        attachments = self.env["ropo.attachments"]
        return {move: attachments._takes(move, files) for move in moves}

    def _ropo_listed_files(self):
        """The files in the dialog that Odoo did not make itself, as far as the user
        may see them: their ids come from the user's browser."""
        ids = [
            item["id"]
            for item in self.mail_attachments_widget or []
            if (item.get("manual") or item.get("ropo")) and not item.get("skip")
        ]
        files = self.env["ir.attachment"].browse(ids).exists()
        files.check_access("read")
        return files
