from werkzeug.exceptions import BadRequest

from odoo import fields, http
from odoo.http import content_disposition, request

from odoo.addons.web.controllers.export import ExportXlsxWriter

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class RopoStatement(http.Controller):
    """The statement at a date as a workbook: nothing of it is kept in the database."""

    @http.route("/ropo/statement.xlsx", type="http", auth="user", readonly=True)
    def download(self, date, company_id, partner_ids=""):
        """Of the company, or of customers; `partner_ids` are separated by commas."""
        try:
            day = fields.Date.to_date(date)
            data = {"date": fields.Date.to_string(day), "company_id": int(company_id)}
            partners = [int(text) for text in partner_ids.split(",") if text]
        except ValueError as error:
            raise BadRequest from error
        # Only the companies of the user are looked into, whatever the address says.
        name = "report_statement" if partners else "report_company_statement"
        records = partners or [data["company_id"]]
        report = request.env[f"report.ropo_connect.{name}"]
        body = _workbook(report._workbook(records, data))
        return request.make_response(
            body,
            headers=[
                ("Content-Type", XLSX),
                ("Content-Disposition", content_disposition(f"Ropo {day}.xlsx")),
                ("Cache-Control", "no-store"),
            ],
        )


def _workbook(sheets):
    """The bytes of these sheets, written as Odoo exports a list."""
    longest = max(len(rows) for _title, _columns, rows in sheets)
    with _Writer([], [], longest) as writer:
        for title, columns, rows in sheets:
            writer.add_sheet(title, columns, rows)
    return writer.value


class _Writer(ExportXlsxWriter):
    def __enter__(self):
        # OVERRIDE: each sheet has headers of its own
        self._is_first = True
        return self

    def add_sheet(self, title, columns, rows):
        if self._is_first:
            self.worksheet.name, self._is_first = title, False
        else:
            # Odoo cuts a title to what Excel takes.
            self.worksheet = self.workbook.add_worksheet(title)
        # What a customer is called is text, whatever it begins with.
        self.worksheet.strings_to_formulas = self.worksheet.strings_to_urls = False
        self.fields = [{"type": kind} for _label, kind in columns]
        self.columns_headers = [label for label, _kind in columns]
        self.write_header()
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                self.write_cell(number, column, value)
