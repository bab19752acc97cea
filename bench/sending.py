"""Sending invoices: beside the bare work, and beside what people use today."""

import json
import subprocess
import sys

from odoo import Command

from . import books, outbox
from .bare import Bare
from .measure import Cost, cost, in_turn
from .report import Row, compared, limited, plain

BARE_RATIO = 1.5
QUERIES = 0.2
GROWTH = 1.05
MEGABYTES = 200
OF_MAIL = 0.1
OF_LETTERS = 1 / 3


def beside_bare(world, books_):
    """A hundred and a thousand, beside the same rows and bytes alone."""
    rows = []
    for count, rounds in (
        (100, world.rounds(5)),
        (world.number(1000, 300), world.number(5, 3)),
    ):
        move_ids = books_.move_ids[:count]

        def send(move_ids=move_ids):
            return outbox.send(world, books_.account_id, move_ids)

        send()  # warms the caches up, and yields what bare needs
        bare = Bare(world, books_.account_id, move_ids)
        sent, alone = in_turn(rounds, send, bare.measure)
        rows.append(plain("Bare: the same rows and bytes", alone))
        if count == 100:
            text = f"(≤ {BARE_RATIO} × at 1,000)"
            rows.append(plain("Sending", sent, goal=text))
        else:
            rows.append(compared("Sending", sent, "bare", alone, BARE_RATIO))
            rows.append(limited("Sending", sent, QUERIES))
    return rows


def many(world, books_):
    """All of them at once, in a process of its own, whose memory nobody else used."""
    small, large = world.number(1000, 200), len(books_.move_ids)
    command = [sys.executable, "-m", "bench.many", str(small), str(large)]
    given = json.dumps({"account": books_.account_id, "moves": books_.move_ids})
    answer = subprocess.run(
        command, input=given, text=True, stdout=subprocess.PIPE, check=True
    )
    found = json.loads(answer.stdout.splitlines()[-1])
    few, lots, first, last = (
        [Cost(**values) for values in found[name]]
        for name in ("small", "large", "first", "last")
    )
    megabytes = found["megabytes"]
    return [
        plain("Sending, in a process of its own", few),
        compared("Sending many", lots * len(few), f"each of {small:,}", few, GROWTH),
        limited("Sending many", lots, QUERIES),
        *_last_of_many(first, last),
        Row(
            "Sending many: peak memory over idle",
            large,
            ratio=f"{megabytes:.0f} MB",
            goal=f"≤ {MEGABYTES} MB",
            met=megabytes <= MEGABYTES,
        ),
    ]


def _last_of_many(first, last):
    """A row, where they are enough for two ends."""
    if first != last:
        yield compared("Sending many, the last", last, "the first", first, GROWTH)


def beside_others(world, books_):
    """Odoo's own e-mail and its letters, of the same invoices, whose PDFs exist."""
    count, rounds = world.number(100, 30), world.rounds(3)
    move_ids = books_.move_ids[:count]
    _attach_pdfs(world, move_ids)

    def measured(work):
        def measure():
            with world.environment() as env:
                moves = env["account.move"].browse(move_ids)

                def whole():
                    work(env, moves)
                    env.flush_all()

                # Undone afterwards, so nothing leaves the house.
                return cost(whole, count)

        return measure

    def send():
        return outbox.send(world, books_.account_id, move_ids)

    with world.environment() as env:
        has_letters = "snailmail.letter" in env
    others = [measured(_send_by_mail)]
    others += [measured(_queue_letters)] if has_letters else []
    for measure in (send, *others):
        measure()
    sent, mailed, *letters = in_turn(rounds, send, *others)
    rows = [
        plain("Odoo's Send by e-mail, PDFs made", mailed),
        compared("Sending", sent, "e-mail", mailed, OF_MAIL, "≤ a tenth"),
    ]
    if not letters:
        return [*rows, Row("Snailmail is not installed here", count)]
    return [
        *rows,
        plain("Snailmail's queueing of letters", *letters),
        compared("Sending", sent, "letters", *letters, OF_LETTERS, "≤ a third"),
    ]


def _send_by_mail(env, moves):
    dialog = env["account.move.send.batch.wizard"]
    wizard = dialog.create({"move_ids": [Command.set(moves.ids)]})
    wizard.action_send_and_print(force_synchronous=True)


def _queue_letters(env, moves):
    env["account.move.send"]._generate_and_send_invoices(
        moves, sending_methods=["snailmail"]
    )


def _attach_pdfs(world, move_ids):
    with world.environment() as env:
        moves = env["account.move"].browse(move_ids)
        env["ir.attachment"].create(
            [
                {
                    "name": move._get_invoice_report_filename(),
                    "raw": books.PDF,
                    "mimetype": "application/pdf",
                    "res_model": "account.move",
                    "res_id": move.id,
                    "res_field": "invoice_pdf_report_file",
                }
                for move in moves
            ]
        )
        env.cr.commit()
