"""Tests of Odoo and of OCA, without the addon and beside it: none may fail beside it
that passes without.

Chosen are those of what the addon has a hand in: sending, payments, reconciliation,
credit notes, and what others make of invoices.
"""

from xml.etree import ElementTree

from . import optional, system, tests
from .place import STATE, TroubleError, UsageError, show

RESULTS = STATE / "neighbours"
CHOSEN = {
    "account": [
        "test_account_move_send.py::TestAccountMoveSend",
        "test_account_payment.py",
        "test_account_payment_register.py",
        "test_account_move_reconcile.py",
        "test_account_move_payments_widget.py",
        "test_account_move_out_refund.py",
        "test_early_payment_discount.py",
        "test_account_partner.py",
        "test_res_partner_merge.py",
        "test_account_move_duplicate.py",
        "test_portal_invoice.py",
    ],
    "account_debit_note": ["test_out_debit_note.py"],
    "account_edi_ubl_cii": ["test_ubl_cii.py", "test_partner_peppol_fields.py"],
    "account_peppol": ["test_peppol_messages.py"],
    "sale": ["test_sale_to_invoice.py", "test_sale_refund.py", "test_credit_limit.py"],
    "snailmail_account": ["test_snailmail_on_invoice.py"],
    "account_credit_control": [""],
    "account_due_list": [""],
    "account_edi_finvoice": [""],
    "l10n_fi_edicode": [""],
    "queue_job": [""],
}
HOW = {"neighbours": "without the addon", "beside": "beside it"}
RAN = (0, 1)  # pytest's codes where it came to an end
MOST_FAILING = 0.1  # of them without the addon; else nothing is compared


def run(odoo, modules=()):
    """Run them without and beside the addon, and return a code for the comparison.

    `modules` are those whose tests are run, else all.
    """
    modules = modules or tuple(CHOSEN)
    if unknown := set(modules) - CHOSEN.keys():
        known = ", ".join(CHOSEN)
        raise UsageError(f"There is no {', '.join(unknown)}: it may be {known}.")
    system.ensure(*tests.PROGRAMS)
    optional.ensure(odoo)  # so that theirs are found
    places = [place for module in modules for place in _places(odoo, module)]
    without = _outcomes(odoo, "neighbours", places)
    beside = _outcomes(odoo, "beside", places)
    if worse := compared(without, beside):
        # Some fail now and then, whatever is beside them: only what fails again counts.
        show(f"Neighbours: {len(worse)} tests are worse beside the addon; once more …")
        beside |= _outcomes(odoo, "beside", places)
        worse = compared(without, beside)
    for name in worse:
        print(f"It passes without the addon, and not beside it: {name}")
    failing = sum(not passed for passed in without.values())
    if failing > MOST_FAILING * len(without):
        raise TroubleError(
            f"{failing} of {len(without)} tests fail without the addon, so that beside"
            f" it nothing shows; what they said is in {RESULTS}."
        )
    show(
        f"Neighbours: {len(without)} tests, of which {failing} fail without the addon"
        f" and {len(worse) or 'none'} more beside it. What they said is in {RESULTS}."
    )
    return 1 if worse else 0


def compared(without, beside):
    """The names of what passes without the addon, and beside it fails or is not run."""
    return sorted(
        name for name, passed in without.items() if passed and not beside.get(name)
    )


def outcomes(report):
    """Whether each test of a report passed: `{name: bool}`; of what ran twice, both."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("skipped") is None:
            name = f"{case.get('classname')}.{case.get('name')}"
            wrong = case.find("failure") is not None or case.find("error") is not None
            found[name] = found.get(name, True) and not wrong
    return found


def _outcomes(odoo, kind, places):
    """What became of these tests on a database of this kind."""
    show(f"Neighbours: running the tests of others, {HOW[kind]} …")
    RESULTS.mkdir(exist_ok=True)
    report, log = RESULTS / f"{kind}.xml", RESULTS / f"{kind}.log"
    report.unlink(missing_ok=True)
    session = tests.Session(kind, places, odoo.home, optional.CONFIG)
    with log.open("w") as output:
        arguments = [f"--junitxml={report}", *places]
        code = tests.run_session(odoo, session, arguments, output)
    if code not in RAN:
        raise TroubleError(f"They came to no end; what they said is in {log}.")
    return outcomes(report)


def _places(odoo, module):
    """The chosen files of a module, as pytest takes them."""
    for folder in (*odoo.addons_paths, optional.INSTALLED):
        if (folder / module / "tests").exists():
            return [
                f"{folder / module / 'tests' / chosen}" for chosen in CHOSEN[module]
            ]
    raise TroubleError(f"{module} has no tests here.")
