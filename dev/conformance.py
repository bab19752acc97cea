"""`make conformance`: runs a channel's script against a test environment, from a shell.

    make conformance URL=https://rc.ropo24.fi CID=123456
    make conformance CHANNEL=maventa URL=https://ax-stage.maventa.com COMPANY=(UUID)

Codes and keys are asked for, or read from standard input, a line each: on a command
line others could see them. COUNTRY (fi, se, no; otherwise the address says it) and
MODEL (connect, unify, embed) say whose profile it is; RECEIVABLES_URL says where
Maventa's Receivables API is, if it is not at its usual address. CONTINUE, the file that
an earlier run wrote, has what became of that run's documents looked at, days later;
nothing is sent then.
"""

import datetime
import getpass
import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import channels
from channels.artificial import CURRENCIES, Papers, run_name
from channels.conformance import assumptions
from channels.errors import ChannelError
from channels.transport import is_loopback

from .place import STATE, show

FOLDER = STATE / "conformance"
# By the channels' names for them: what a person enters, and what is asked for.
IDENTITIES = {"cid": "CID", "maventa_company_uuid": "COMPANY"}
SECRETS = {
    "apicode": "API code",
    "maventa_user_api_key": "User API key",
    "maventa_vendor_api_key": "Vendor API key",
}
ADDRESSES = {"receivables_base_url": "RECEIVABLES_URL"}
MARKS = {"held": "holds", "differed": "DIFFERS", "untried": "not tried"}


def main():
    name = os.environ.get("CHANNEL") or channels.DEFAULT
    if name not in channels.SCRIPTS:
        show(f"CHANNEL may be {' or '.join(channels.SCRIPTS)}, not {name}.")
        return 2
    channel, url = channels.get(name), os.environ.get("URL", "")
    (identity,) = channel.identity
    whose = os.environ.get(IDENTITIES[identity], "")
    if not (url and whose):
        usual = "" if name == channels.DEFAULT else f"CHANNEL={name} "
        asked = f"{usual}URL=https://… {IDENTITIES[identity]}=…"
        show(f"Say whose profile it is: make conformance {asked}")
        return 2
    further = _further_addresses(channel)
    if host := next(filter(_is_production, (url, *further.values())), ""):
        show(f"{_host(host)} is production: this sends documents to debtors.")
        show("Take a test environment.")
        return 2
    credentials = {identity: whose, **_secrets(channel, whose)}
    try:
        report = _run(name, url, credentials, further)
    except ChannelError as error:
        show(f"{_host(url)}: {error}")
        return 1
    _show(report)
    return 1 if report.counts["differed"] else 0


def _further_addresses(channel):
    given = {name: os.environ.get(ADDRESSES[name]) for name in channel.further_hosts}
    return {name: url for name, url in given.items() if url}


def _is_production(url):
    return _host(url) in channels.production_hosts()


def _host(url):
    return (urlsplit(url).hostname or "").rstrip(".")


def _secrets(channel, whose):
    """Codes and keys: never an argument, and never shown."""
    names = [name for name in channel.credentials if name not in channel.identity]
    return {name: _secret(f"{SECRETS[name]} of {whose}: ") for name in names}


def _secret(question):
    if sys.stdin.isatty():
        return getpass.getpass(question)
    return sys.stdin.readline().rstrip("\n")


def _run(name, url, credentials, further):
    country = os.environ.get("COUNTRY") or _host(url).rpartition(".")[2]
    country = country if country in CURRENCIES else "fi"
    client = channels.get(name)(
        url,
        credentials,
        connections=16,
        loopback_http=is_loopback(_host(url)),
        **further,
    )
    earlier = _earlier()
    now = datetime.datetime.now(datetime.timezone.utc)
    digits = earlier["run"] if earlier else run_name(now)
    papers = Papers(country, digits, datetime.date.today())
    model = os.environ.get("MODEL") or "connect"
    try:
        return channels.script(name)(client, papers, model, earlier=earlier).run()
    finally:
        client.close()


def _earlier():
    """The report of the run that is to be continued, or None."""
    path = os.environ.get("CONTINUE")
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else None


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
