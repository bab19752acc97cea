from odoo import api, models
from odoo.exceptions import UserError

from .mail_template import TEMPLATE

METHOD = "ropo"
SHOWN_REASONS = 3  # in one alert; the rest is counted


class AccountMoveSend(models.AbstractModel):
    """Ropo as one of the ways that Odoo's own Send dialogs know."""

    _inherit = "account.move.send"

    # --- defaults ---

    @api.model
    def _get_default_sending_methods(self, move):
        # EXTENDS 'account': what Ropo has is not mailed besides, unless that is chosen
        methods = set(super()._get_default_sending_methods(move))
        return methods - {"email"} if move._ropo_has_it() else methods

    @api.model
    def _get_default_invoice_edi_format(self, move, **kwargs):
        # EXTENDS 'account': Ropo makes the e-invoice itself.
        if self._ropo_alone(kwargs):
            return False
        return super()._get_default_invoice_edi_format(move, **kwargs)

    # --- what may go ---

    @api.model
    def _is_applicable_to_company(self, method, company):
        # EXTENDS 'account'
        if method != METHOD:
            return super()._is_applicable_to_company(method, company)
        accounts = self.env["ropo.account"]._defaults_of(company)
        return bool(accounts[company.id]) and self._ropo_may_send(self.env.user)

    @api.model
    def _is_applicable_to_move(self, method, move, **move_data):
        # EXTENDS 'account'
        if method != METHOD:
            return super()._is_applicable_to_move(method, move, **move_data)
        return not self._ropo_verdict(move).code

    @api.model
    def _ropo_may_send(self, user):
        """Whether this user may send via Ropo.

        It costs money, so a colleague needs the right. What Odoo does by itself (the
        invoices of a shop, of a subscription) it does for nobody, or for the customer.
        """
        return not self._ropo_is_colleague(user) or user.has_group(
            "ropo_connect.group_ropo_user"
        )

    @api.model
    def _ropo_is_colleague(self, user):
        return user._is_internal() and not user._is_superuser()

    @api.model
    def _ropo_verdict(self, move):
        data = {"sending_methods": [METHOD], "author_user_id": self.env.uid}
        return self._ropo_sending_verdicts({move: data})[move]

    @api.model
    def _ropo_sending_verdicts(self, moves_data):
        """`{move: Verdict}` of those of the moves that are to go by Ropo."""
        # As superuser: a salesperson may send, and sees no account of Ropo's.
        chosen = self._ropo_chosen(moves_data).sudo()
        eligibility = self.env["ropo.eligibility"]
        verdicts = eligibility._verdicts(chosen, "invoice")
        for move, data in self._ropo_data(moves_data, chosen).items():
            author = data.get("author_user_id") or self.env.uid
            if not self._ropo_may_send(self.env["res.users"].sudo().browse(author)):
                verdicts[move] = eligibility._lacks_right()
        return verdicts

    @api.model
    def _ropo_faults(self, moves_data):
        """`{move: Verdict}` of those of the moves that can't go by Ropo as chosen."""
        verdicts = self._ropo_sending_verdicts(moves_data)
        ready = self.env["account.move"].union(
            *(move for move, verdict in verdicts.items() if not verdict.code)
        )
        attachments = self.env["ropo.attachments"]
        for move, files in self._ropo_files(ready).items():
            verdicts[move] = attachments._verdict(move, files)
        return {move: verdict for move, verdict in verdicts.items() if verdict.code}

    def _ropo_files(self, moves):
        """The files that go along with each: `{move: attachments}`."""
        return self.env["ropo.attachments"]._default_files(moves)

    @api.model
    def _ropo_chosen(self, moves_data):
        """Those of the moves that are to go by Ropo."""
        return self.env["account.move"].union(
            *(m for m, data in moves_data.items() if METHOD in data["sending_methods"])
        )

    @api.model
    def _ropo_data(self, moves_data, moves):
        return {move: data for move, data in moves_data.items() if move in moves}

    @api.model
    def _ropo_alone(self, move_data):
        """Whether nobody but Ropo gets it, so that Odoo needs no document of it."""
        methods = set(move_data.get("sending_methods") or ())
        return methods == {METHOD} and not move_data.get("extra_edis")

    # --- alerts ---

    @api.model
    def _get_alerts(self, moves, moves_data):
        # EXTENDS 'account'
        alerts = super()._get_alerts(moves, moves_data)
        faults = self._ropo_faults({move: moves_data[move] for move in moves})
        # Blocking only where nothing would go; of many, the others go.
        level = "danger" if len(faults) == len(moves) else "warning"
        for code in sorted({verdict.code for verdict in faults.values()}):
            same = {m: verdict for m, verdict in faults.items() if verdict.code == code}
            alerts[f"ropo_{code}"] = {"level": level, **self._ropo_alert(same)}
        going = moves - self.env["account.move"].union(*faults)
        alerts.update(self._ropo_double_alert(going, moves_data))
        return alerts

    def _ropo_double_alert(self, moves, moves_data):
        """That another sending method delivers the same invoices, with a click to
        them; nothing where none does."""
        rules = self.env["ropo.delivery.rules"].sudo()
        names = {}
        for move in moves:
            chosen = moves_data[move]["sending_methods"] or ()
            names[move] = rules._double_deliveries(move.sudo(), chosen)
        double = moves.filtered(lambda move: names[move])
        if not double:
            return {}
        others = sorted({name for own in names.values() for name in own})
        message = self.env._(
            "%(invoices)s: the customer would get it twice, via Ropo and %(methods)s. "
            "Choose one of them.",
            invoices=self._ropo_names(double),
            methods=", ".join(others),
        )
        return {
            "ropo_double_delivery": {
                "level": "warning",
                "message": message,
                "action_text": self.env._("View Invoice(s)"),
                "action": double._get_records_action(
                    name=self.env._("Delivered Twice")
                ),
            }
        }

    def _ropo_alert(self, faults):
        """One alert for invoices with the same kind of fault."""
        reasons = list(dict.fromkeys(verdict.text for verdict in faults.values()))
        message = self.env._(
            "%(invoices)s can't be sent via Ropo: %(reasons)s",
            invoices=self._ropo_names(faults),
            reasons=" ".join(reasons[:SHOWN_REASONS]),
        )
        if len(reasons) > SHOWN_REASONS:
            more = len(reasons) - SHOWN_REASONS
            message += " " + self.env._("(And %(count)s more reasons.)", count=more)
        return {"message": message, **self._ropo_remedy(faults)}

    def _ropo_names(self, faults):
        names = [move.display_name for move in faults]
        if len(names) <= SHOWN_REASONS:
            return ", ".join(names)
        return self.env._("%(count)s invoices", count=len(names))

    def _ropo_remedy(self, faults):
        """A link to exactly the records on which these faults are fixed."""
        if "account" in {verdict.code for verdict in faults.values()}:
            return self.env["ropo.account"]._set_up_remedy()
        records = [verdict.record for verdict in faults.values() if verdict.record]
        if not records:
            return {}
        records = records[0].union(*records).sudo(False)
        label = {
            "account.move": self.env._("View Invoice(s)"),
            "res.company": self.env._("View Company"),
        }.get(records._name, self.env._("View Customer(s)"))
        return {
            "action_text": label,
            "action": records._get_records_action(name=self.env._("To Fix")),
        }

    # --- sending ---

    @api.model
    def _send_mail(self, move, mail_template, **kwargs):
        # EXTENDS 'account': whether it is one's own reminder
        move = move.with_context(**{TEMPLATE: mail_template.id})
        return super()._send_mail(move, mail_template, **kwargs)

    @api.model
    def _generate_invoice_documents(self, invoices_data, allow_fallback_pdf=False):
        # EXTENDS 'account': no PDF, nor any XML in it, of what Ropo alone gets. One
        # hook further in would be too late: account_edi_ubl_cii wants a PDF then.
        self._ropo_note_faults(invoices_data)
        alone = {m: data for m, data in invoices_data.items() if self._ropo_alone(data)}
        for invoice_data in alone.values():
            # What Odoo looks for at the end where an invoice has no PDF.
            invoice_data["proforma_pdf_attachment"] = self.env["ir.attachment"]
        others = {m: data for m, data in invoices_data.items() if m not in alone}
        if not others:
            return None
        return super()._generate_invoice_documents(
            others, allow_fallback_pdf=allow_fallback_pdf
        )

    def _ropo_note_faults(self, invoices_data):
        """What can't be sent via Ropo is not sent at all, and the reason is shown."""
        for move, verdict in self._ropo_faults(invoices_data).items():
            invoices_data[move]["error"] = {
                "error_title": self.env._(
                    "%(invoice)s was not sent via Ropo:", invoice=move.display_name
                ),
                "errors": [verdict.text],
            }

    @api.model
    def _hook_if_success(self, moves_data, from_cron=False):
        # EXTENDS 'account'
        requests = self._ropo_queue(moves_data, from_cron)
        if not from_cron and self._ropo_is_colleague(self.env.user):
            self.env["ropo.outbox"]._work_off_soon(requests)
        else:  # nobody waits to see the answer
            self.env["ropo.outbox"]._work_off_by_cron(requests)
        return super()._hook_if_success(
            {move: data for move, data in moves_data.items() if not data.get("error")},
            from_cron=from_cron,
        )

    def _ropo_queue(self, moves_data, from_cron):
        """Puts them into the outbox, those that somebody else did not just now.

        Since they were looked at, a web service may have committed and so ended every
        lock; and the cron ignores the result of its own lock.
        """
        chosen = self._ropo_chosen(moves_data)
        locked = chosen.try_lock_for_update(allow_referencing=True)
        text = self.env._("Somebody else is sending it right now. Reload the page.")
        if chosen - locked and not from_cron:
            raise UserError(text)
        for data in self._ropo_data(moves_data, chosen - locked).values():
            # Odoo keeps it for the next run of its cron.
            data["error"] = {"error_title": text, "retry": True}
        faults = self._ropo_faults(self._ropo_data(moves_data, locked))
        ready = locked.filtered(lambda move: move not in faults)
        return self.env["ropo.queueing"]._queue_sending(ready, self._ropo_files(ready))
