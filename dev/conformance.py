"""`make conformance`: runs a channel's script against a test environment, from a shell.

    URL=https://rc.ropo24.fi CID=123456 make conformance

The code is asked for, or read from standard input: on a command line others could see
it. COUNTRY (fi, se, no; otherwise the address says it) and MODEL (connect, unify,
embed) say whose profile it is.
"""

import datetime
import getpass
import json
import os
import sys
from urllib.parse import urlsplit

import channels
from channels.artificial import CURRENCIES, Papers, run_name
from channels.conformance import assumptions
from channels.errors import ChannelError
from channels.transport import is_loopback

from .place import STATE, show

FOLDER = STATE / "conformance"
CHANNEL = "ropo_one"
MARKS = {"held": "holds", "differed": "DIFFERS", "untried": "not tried"}


def main():
    url, cid = os.environ.get("URL", ""), os.environ.get("CID", "")
    if not (url and cid):
        show("Say whose profile it is: make conformance URL=https://… CID=…")
        return 2
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host in channels.production_hosts():
        show(f"{host} is production: this sends documents to debtors. Take a test one.")
        return 2
    country = os.environ.get("COUNTRY") or host.rpartition(".")[2]
    country = country if country in CURRENCIES else "fi"
    try:
        report = _run(url, cid, _code(cid), country, is_loopback(host))
    except ChannelError as error:
        show(f"{host}: {error}")
        return 1
    _show(report)
    return 1 if report.counts["differed"] else 0


def _code(cid):
    """The code: never an argument, and never shown."""
    if sys.stdin.isatty():
        return getpass.getpass(f"API code of {cid}: ")
    return sys.stdin.readline().rstrip("\n")


def _run(url, cid, code, country, loopback_http):
    client = channels.get(CHANNEL)(
        url,
        {"cid": cid, "apicode": code},
        connections=16,
        loopback_http=loopback_http,
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    papers = Papers(country, run_name(now), datetime.date.today())
    model = os.environ.get("MODEL") or "connect"
    try:
        script = channels.script(CHANNEL)(client, papers, model)
        return script.run()
    finally:
        client.close()


def _show(report):
    known = assumptions(report.channel)
    for finding in report.findings:
        print(f"{MARKS[finding.result]:<10}{known[finding.key].text}")
        print(f"{'':<10}{finding.got}")
        for proposal in finding.proposals:
            print(f"{'':<10}Setting: {proposal.setting} = {proposal.value}")
    for step, text in report.notes:
        print(f"{'seen':<10}{step}: {text}")
    for kind, values in report.unknown.items():
        print(f"{'unknown':<10}{kind}: {values}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{report.channel}-{report.started:%Y%m%d-%H%M%S}.json"
    text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    counts = ", ".join(f"{MARKS[name]} {n}" for name, n in report.counts.items())
    print(f"{counts}. For Ropo's support: {path}")


if __name__ == "__main__":
    sys.exit(main())
