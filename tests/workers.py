"""Processes beside the tests, with real commits, in a database of their own; and
whether the ledger and the sandbox agree in the end."""

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from odoo.sql_db import close_all
from odoo.tests.common import get_db_name

from .common import Sandbox
from .crash_channels import CHANNELS, MONEY


class Workers:
    """Processes with a database and a sandbox of their own, and with a company and an
    account for each channel; over which one they work, `turn_to` says."""

    def __init__(self, script, database):
        self.sandbox = Sandbox()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(script)), database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._read() is True
        self._usual = {}
        self._accounts = {
            name: self.run("set_up", url=self.sandbox.url, values=channel.account)
            for name, channel in CHANNELS.items()
        }

    def turn_to(self, name):
        self.channel, self._usual = CHANNELS[name], {"account": self._accounts[name]}

    def stop(self):
        self._process.stdin.close()
        self._process.wait()
        self.sandbox.stop()

    def run(self, do, **values):
        (result,) = self.run_together({"do": do, **values})
        return result

    def run_together(self, *orders):
        orders = [{**self._usual, **order} for order in orders]
        self._process.stdin.write(json.dumps(orders) + "\n")
        self._process.stdin.flush()
        results = self._read()
        errors = [r["error"] for r in results if isinstance(r, dict) and "error" in r]
        assert not errors, errors[0]
        return results

    def calls(self):
        return Counter(self.sandbox.state()["calls"])

    def _read(self):
        return json.loads(self._process.stdout.readline())


def own_name(number):
    """The name of a database for these tests alone: like that of a copy for one more
    pytest worker, so that whatever is left of a run that was killed is found and
    dropped with its other databases."""
    name = re.sub(r"-gw\d+$", "", get_db_name())
    worker = int((re.findall(r"-gw(\d+)$", get_db_name()) or [0])[0])
    return f"{name}-gw{number + worker}"


def copy(template, name):
    """Make `name` a copy of `template`, as it is now. By its files: `createdb` would
    write each page to the log, which takes four times as long."""
    close_all()  # nobody may be connected to what is copied
    drop(name)
    command = ["createdb", "--strategy=file_copy", "--template", template, name]
    subprocess.run(command, check=True)


def drop(name):
    subprocess.run(["dropdb", "--if-exists", "--force", name], check=True)


# --- what must come of it -----------------------------------------------------------


def difference(workers):
    """The first thing in which the ledger and the sandbox do not agree, once the ledger
    has heard what happened."""
    workers.run("poll")
    channel, state = workers.channel, workers.sandbox.state()
    if duplicates := channel.duplicates(state):
        return f"{duplicates} sent twice"
    held, report = channel.held(state), workers.run("report")
    cases = defaultdict(list)
    ours = {row["jobid"] for row in report}
    for row in report:
        cases[row["jobid"] or unknown_id(row, held, ours)].append(row)
    if set(cases) != set(held):
        lone = sorted(set(cases) ^ set(held), key=str)
        return "not on both sides", lone, report[-12:]
    for jobid, rows in cases.items():
        for fault, has in FAULTS_OF_A_CASE.items():
            if has(rows, held[jobid], channel):
                return fault, rows, held[jobid]
    return None


def unknown_id(row, held, known):
    """Of the case that a person said is there: its id comes with what Ropo reports of
    it next."""
    collects = row["operation"] != "invoice"
    for jobid, case in held.items():
        if case.number == row["number"] and (case.capital is not None) == collects:
            if jobid not in known:
                return jobid


def is_open(rows, _case, channel):
    return any(
        row["progress"] == "pending"
        or row["state"] not in ("done", "cancelled")
        and not is_for_person(row, channel)
        for row in rows
    )


def is_for_person(row, channel):
    """Whether a person is asked to tell Ropo, since no call does."""
    return row["operation"] in channel.by_person and row["state"] == "rejected"


def is_another(rows, case, _channel):
    return {(row["number"], row["cases"]) for row in rows} != {(case.number, 1)}


def has_other_reports(rows, case, _channel):
    sent = [r for r in rows if r["operation"] in MONEY and r["state"] == "done"]
    return len(sent) != case.reports


def has_other_money(rows, case, channel):
    """Each side, and the ledger but for what people are to tell Ropo."""
    newest = rows[-1]
    if case.ended:
        return newest["stage"] != "closed"
    if case.capital is None:
        return False
    untold = sum(row["amount"] for row in rows if is_for_person(row, channel))
    figures = [case.capital, newest["capital"], newest["owed"] - untold]
    return case.overpaid or len({round(figure, 2) for figure in figures}) > 1


FAULTS_OF_A_CASE = {
    "not settled": is_open,
    "another case": is_another,
    "other reports": has_other_reports,
    "other money": has_other_money,
}
