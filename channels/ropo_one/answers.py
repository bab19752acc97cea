"""Ropo One's answers in, plain data out."""

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypeGuard

from .. import documents
from ..errors import Meaning, Outcome, Reason, Unknown
from ..inbound import LONGEST_ID, is_id, storable
from ..transport import Reply
from ..values import Json, Payload, date, moment, number, unreadable
from .codes import CONFIRMATION, MEANINGS, MESSAGE, PERSON, POSTED

PROBLEM = {"status", "type", "title", "detail"}  # the keys of one of the error shapes

# Of a local print, what its headers give.
ANSWER_HEADERS = ("jobid", "billnum", "billcode", "reference", "ownref", "jobtype")

ALREADY_THERE = re.compile(
    r"\balready\b|\bduplicate|checkbillnum|\bon jo\b|\bjo käytössä|\bredan\b"
    r"|\ballerede\b",
    re.IGNORECASE,
)


def assignment_answers(
    payloads: Sequence[Payload], status: int, body: Json, words: str = ""
) -> list[documents.Answer]:
    """One `Answer` per payload, matched by `ownref`, else by number and kind.

    Never by position: the order of the rows is Ropo's own. A payload that nobody
    answered is unknown, unless Ropo took none of them at all.

    :param words: by which a number that is taken is refused, too
    """
    # Those taken last: where one was both taken and refused, Ropo has it.
    rows = sorted(_rows(body), key=_is_taken)
    by_reference = {str(row.get("ownref")): row for row in rows}
    by_number = {_number_key(row): row for row in rows}
    took_none = status >= 400 and not any(map(_is_taken, rows))
    answers = []
    for payload in payloads:
        row = by_reference.get(payload["ownref"]) or by_number.get(_number_key(payload))
        if row:
            answers.append(_assignment_answer(row, words))
        elif took_none:
            answers.append(_refusal(body, words if len(payloads) == 1 else None))
        else:
            answers.append(
                documents.Answer(Outcome.UNKNOWN, reason=Reason.UNREADABLE, raw=body)
            )
    pairs = zip(payloads, answers, strict=True)
    return [_without_person_number(payload, answer) for payload, answer in pairs]


def _refusal(body: Json, words: str | None) -> documents.Answer:
    """The answer to what was refused without a row of its own.

    :param words: as above; None where it is not known of which document it speaks
    """
    error = error_text(body)
    return documents.Answer(
        Outcome.REJECTED,
        error=error,
        is_duplicate=words is not None and _is_duplicate(error, words),
        raw=body,
    )


def _without_person_number(
    payload: Payload, answer: documents.Answer
) -> documents.Answer:
    """The answer without the personal identity number that Ropo may repeat in what it
    says of this dataset: more people read it than the number is meant for."""
    number = payload.get("govid") if payload.get("customertype") == PERSON else ""
    if not number or number not in answer.error:
        return answer
    return dataclasses.replace(answer, error=answer.error.replace(number, "…"))


def _rows(body: Json) -> list[Json]:
    rows = body.get("result")
    return [row for row in rows if isinstance(row, dict)] if _is_list(rows) else []


def _is_list(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    return isinstance(value, list | tuple)


def _is_taken(row: Json) -> bool:
    return str(row.get("accepted")) == "1"


def _number_key(row: Mapping[str, object]) -> tuple[str, str]:
    return str(row.get("billnum") or ""), str(row.get("jobtype"))


def _assignment_answer(row: Json, words: str = "") -> documents.Answer:
    accepted = _is_taken(row)
    error = "" if accepted else str(row.get("error") or error_text(row))
    return documents.Answer(
        Outcome.ACCEPTED if accepted else Outcome.REJECTED,
        assignment=identifier(row.get("jobid")) if accepted else "",
        number=str(row.get("billnum") or ""),
        payment_reference=str(row.get("reference") or row.get("billcode") or ""),
        amount=number(row.get("amount")),
        error=error,
        is_duplicate=_is_duplicate(error, words),
        notices=_texts(row.get("notice")),
        raw=row,
    )


def _is_duplicate(error: str, words: str) -> bool:
    """Whether a refusal says that Ropo has a document of this number already.

    Assumption: no page has the text; these are the words for it in Ropo's languages.
    """
    return bool(ALREADY_THERE.search(error)) or bool(words) and words in error


def _texts(value: object) -> tuple[str, ...]:
    """The texts in what should be a list of them."""
    if not value:
        return ()
    return tuple(map(str, value)) if _is_list(value) else (str(value),)


def signed(payload: Payload, sign: str) -> Payload:
    """A payment's payload with the sign of the amount that Ropo has, "1" or "-1"."""
    if sign != "-1":
        return payload
    return {**payload, "amount": -payload["amount"]}


def payment_answer(status: int, body: Json) -> documents.Answer:
    """The `Answer` to a `CapitalChange`."""
    code = _integer(body.get("statusid"))
    if code is None and status < 400:
        return documents.Answer(Outcome.UNKNOWN, reason=Reason.UNREADABLE, raw=body)
    if code is None:
        return documents.Answer(Outcome.REJECTED, error=error_text(body), raw=body)
    return documents.Answer(
        Outcome.ACCEPTED if code == POSTED else Outcome.REJECTED,
        assignment=identifier(body.get("jobid")),
        number=str(body.get("billnum") or ""),
        amount=number(body.get("amount")),
        error="" if code == POSTED else str(body.get("statustext") or ""),
        meaning="" if code == POSTED else MEANINGS.get(code, Meaning.TO_FIX),
        before=_capital(body, "before"),
        after=_capital(body, "after"),
        unallocated=number(body.get("unfocused")) or 0.0,
        raw=body,
    )


def local_print_answer(reply: Reply) -> documents.Answer:
    """The `Answer` to a local print that was taken, with the PDF, which fills the body.

    Assumption: the headers give what the row of an answer gives otherwise.
    """
    headers = reply.headers
    row = {name: storable(headers[name]) for name in ANSWER_HEADERS if name in headers}
    if not reply.content.startswith(b"%PDF-"):
        raise Unknown(Reason.UNREADABLE, "PDF")
    answer = _assignment_answer({**row, "accepted": 1})
    return dataclasses.replace(answer, document=reply.content, raw=row)


def _capital(
    body: Json, moment: Literal["before", "after"]
) -> documents.Capital | None:
    capital = number(body.get(f"capital{moment}"))
    if capital is None:
        return None
    return documents.Capital(
        capital,
        number(body.get(f"interest{moment}")) or 0.0,
        number(body.get(f"noticefee{moment}")) or 0.0,
    )


def status_update(row: Json) -> documents.StatusUpdate:
    """A `StatusUpdate` from one raw row, tolerant of what no page confirms.

    Assumption: the JSON rows bear the names of the older XML interface; a message of
    the webhook bears `id` where a polled row has `statusid`.
    """
    code = str(row.get("statuscode") if row.get("statuscode") is not None else "")
    return documents.StatusUpdate(
        external_id=_external_id(row),
        kind=str(row.get("statustype") or row.get("type") or ""),
        assignment=identifier(row.get("jobid")),
        number=str(row.get("billnum") or ""),
        code=code,
        text=str(row.get("statustext") or ""),
        time=moment(row.get("statustime") or row.get("created_at")),
        amount=number(row.get("amount")),
        unreadable_amount=unreadable(row.get("amount")),
        day=date(row.get("paydate")),
        stage_code=_stage_code(row, code),
        is_message=_is_message(row, code),
    )


def _is_message(row: Json, code: str) -> bool:
    """Assumption: comments have the type of that name, whatever their code."""
    kind = str(row.get("statustype") or row.get("type") or "").lower()
    text = str(row.get("statustext") or "")
    is_written = kind == "comment" or _code(code) == MESSAGE
    return is_written and kind != "payment" and not text.startswith(CONFIRMATION)


def _external_id(row: Json) -> str:
    for name in ("id", "statusid"):
        value = row.get(name)
        if is_id(value):
            return str(value).strip()
        if value and len(str(value)) > LONGEST_ID:
            return hashlib.sha256(str(value).encode()).hexdigest()
    return ""


def _stage_code(row: Json, code: str) -> str:
    """The code of the stage that a status row reports; "" when it reports none.

    Assumption: rows other than payments carry the new status in `statuscode`. A payment
    says nothing of the stage: it may have been a part of the capital.
    """
    kind = str(row.get("statustype") or row.get("type") or "")
    return "" if kind.lower() == "payment" else _code(code)


def _code(value: object) -> str:
    """A code as text; "2", "02" and 2 are the same."""
    found = _integer(value)
    return str(value or "").strip() if found is None else str(found)


def assignment_state(body: Json) -> documents.AssignmentState:
    """An `AssignmentState` from `GET /jobs`."""
    following = _integer(body.get("nextstatus"))
    has_next = following is not None and following != -1
    return documents.AssignmentState(
        assignment=identifier(body.get("jobid")),
        number=str(body.get("billnum") or ""),
        stage_code=_code(body.get("currentstatus")),
        text=str(body.get("currentstatustext") or ""),
        next_stage=str(body.get("nextstatustext") or "") if has_next else "",
        next_stage_date=date(body.get("nextstatusdate")) if has_next else None,
        raw=body,
    )


def customer_invoice(job: object) -> documents.CustomerInvoice:
    """One of a customer's invoices; without a number (None) where it can't be read."""
    if not isinstance(job, dict) or "invoice_number" not in job:
        return documents.CustomerInvoice("", None, "", None)
    return documents.CustomerInvoice(
        assignment=identifier(job.get("case_number")),
        number=str(job.get("invoice_number") or ""),
        status=str(job.get("status") or ""),
        open_amount=number(job.get("open_amount")),
    )


def is_own_error(body: object, further_keys: str = "") -> bool:
    """Whether this is one of the five shapes in which the API itself refuses.

    Exactly so, since gateways have shapes that are alike, with keys of their own.

    :param further_keys: those that the API has besides, with commas between
    """
    if not isinstance(body, dict) or not body:
        return False
    keys = set(body) - set(further_keys.split(","))
    if not keys:
        return False
    return (
        _is_job_response(body)
        or _integer(body.get("statusid")) is not None
        or keys <= {"errorId", "errorText"}
        or (keys == {"error"} and isinstance(body["error"], str))
        or (keys <= PROBLEM and "status" in keys and bool(keys & {"title", "detail"}))
    )


def _is_job_response(body: Json) -> bool:
    """A `JobResponse`: rows, or errors that are objects with an `error`."""
    rows, errors = body.get("result"), body.get("errors")
    if _is_list(rows):
        return True
    return bool(errors) and _is_list(errors) and all(map(_has_error, errors))


def _has_error(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("error"), str)


def error_text(body: object) -> str:
    """What was wrong as Ropo has it, from any of its five error shapes."""
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    several = _texts(list(map(_said, errors)) if _is_list(errors) else errors)
    single = [
        body.get(key)
        for key in ("errorText", "error", "detail", "title", "statustext")
        if body.get(key)
    ]
    return "; ".join(filter(None, several)) or (str(single[0]) if single else "")


def _said(error: object) -> object:
    """What one of several errors says; empty where it says nothing."""
    return (error.get("error") if isinstance(error, dict) else error) or ""


def identifier(value: object) -> str:
    """An id as text; "" where there is none, or 0."""
    found = _integer(value)
    return str(found) if found else ""


def _integer(value: object) -> int | None:
    if not isinstance(value, str | int | float):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None
