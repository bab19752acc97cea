"""Invoices that are less plain, and what Ropo got of each, in one line."""

from datetime import timedelta

from odoo import Command, fields

IBAN = "FI2112345600000785"
FILE = b"%PDF-1.4\n% Hours of February\n%%EOF\n"


def write(env, account, customers):
    """`{invoice: what the sandbox's dataset of it shows, as a function}`."""
    company, consumer = customers["Example 1 Oy"], customers["Esimerkki Asiakas 5"]
    account.einvoice_subject = "Demo Company's invoices"
    consumer.write(
        {
            "ropo_sendtype": "b2c",
            "ropo_evoice": IBAN,
            "ropo_evoice_operator": "DABAFIHH",
        }
    )
    with_file = _invoice(env, company)
    env["ir.attachment"].create(
        {
            "name": "Hours.pdf",
            "raw": FILE,
            "res_model": with_file._name,
            "res_id": with_file.id,
        }
    )
    return {
        _invoice(env, company, currency_id=_krona(env).id): _of_currency,
        with_file: _of_files,
        _invoice(env, company, move_type="out_refund"): _of_credit,
        _invoice(env, consumer): _of_bank,
        _invoice(env, company, invoice_payment_term_id=_thirds(env).id): _of_parts,
    }


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
        f"a foreign currency: {sent['totalamount']:.2f} {sent['currency']}, of which "
        f"{sent['vatamount']:.2f} tax"
    )


def _of_files(sent):
    names = [file["attachmentname"] for file in sent["attachment"]]
    return f"an attachment that was chosen by default: {', '.join(names)}"


def _of_credit(sent):
    return (
        f"a credit note that credits no invoice: {sent['totalamount']:.2f}, in "
        "negative rows, unallocated, as its chatter says"
    )


def _of_bank(sent):
    (row,) = sent["propertyrow"]
    return (
        f"an e-invoice to a consumer's bank: to {sent['evoice']} at "
        f"{sent['evoiceint']}, known there as “{row['propvalue']}”"
    )


def _of_parts(sent):
    parts = sent["payplan"]["instalment"]
    text = ", ".join(f"{part['amount']:.2f} on {part['date']}" for part in parts)
    return f"instalments as a payment plan: {text}"
