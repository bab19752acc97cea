"""Invoices that are less plain, and what Ropo got of each, in one line."""

from datetime import timedelta

from odoo import Command, fields

IBAN = "FI2112345600000785"
FILE = b"%PDF-1.4\n% Hours of February\n%%EOF\n"


def write(env, account, customers, asks):
    """`{invoice: what the sandbox's `Sent` of it shows, as a function}`.

    :param asks: whether the channel can do something, and says so when it can't
    """
    company, consumer = customers["Example 6 Oy"], customers["Esimerkki Asiakas 5"]
    can = account._channel().capabilities
    takes_files = asks(can.files.documents, "takes no attachments")
    with_file = takes_files and _with_file(env, company)
    reaches_banks = asks("b2c" in can.deliveries, "delivers to no consumer's bank")
    written = {
        _invoice(env, company, currency_id=_krona(env).id): _of_currency,
        with_file: _of_files,
        _invoice(env, company, move_type="out_refund"): _of_credit,
        reaches_banks and _to_bank(env, account, consumer): _of_bank,
        _invoice(env, company, invoice_payment_term_id=_thirds(env).id): _of_parts,
    }
    return {invoice: text_of for invoice, text_of in written.items() if invoice}


def _with_file(env, customer):
    invoice = _invoice(env, customer)
    env["ir.attachment"].create(
        {
            "name": "Hours.pdf",
            "raw": FILE,
            "res_model": invoice._name,
            "res_id": invoice.id,
        }
    )
    return invoice


def _to_bank(env, account, customer):
    account.einvoice_subject = "Demo Company's invoices"
    customer.write(
        {
            "ropo_sendtype": "b2c",
            "ropo_evoice": IBAN,
            "ropo_evoice_operator": "DABAFIHH",
        }
    )
    return _invoice(env, customer)


def _invoice(env, customer, **values):
    today = fields.Date.today()
    product = env["product.product"].search([("name", "=", "Device rental, day")])
    line = {"product_id": product.id, "quantity": 3}
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": customer.id,
            "invoice_date": today,
            "invoice_date_due": today + timedelta(days=14),
            "invoice_payment_term_id": False,
            "invoice_line_ids": [Command.create(line)],
            **values,
        }
    )
    invoice.action_post()
    return invoice


def _krona(env):
    krona = env.ref("base.SEK").sudo()
    krona.active = True
    rate = {"currency_id": krona.id, "name": "2000-01-01", "rate": 11.37}
    env["res.currency.rate"].sudo().create(rate)
    return krona


def _thirds(env):
    lines = [
        {"value": "percent", "value_amount": share, "nb_days": days}
        for share, days in ((33, 14), (33, 44), (34, 74))
    ]
    return (
        env["account.payment.term"]
        .sudo()
        .create({"name": "Thirds", "line_ids": list(map(Command.create, lines))})
    )


def _of_currency(sent):
    return (
        f"a foreign currency: {sent.total:.2f} {sent.currency}, of which "
        f"{sent.tax:.2f} tax"
    )


def _of_files(sent):
    names = ", ".join(sent.files)
    return f"an attachment that was chosen by default: {names}"


def _of_credit(sent):
    return (
        f"a credit note that credits no invoice: {sent.total:.2f}, in "
        f"{sent.credited_in}, unallocated, as its chatter says"
    )


def _of_bank(sent):
    return f"an e-invoice to a consumer's bank: to {sent.bank}"


def _of_parts(sent):
    text = ", ".join(f"{amount:.2f} on {day}" for amount, day in sent.parts)
    if len(sent.parts) == 1:
        return f"instalments as one sum, by the day of the last: {text}"
    return f"instalments as a payment plan: {text}"
