from . import ropo_inform_mixin, ropo_wizard_mixin  # isort: skip (others inherit)
from . import (
    base_partner_merge,
    ropo_activation_wizard,
    ropo_hold_wizard,
    ropo_bad_debt_wizard,
    ropo_answer_wizard,
    ropo_notice_wizard,
    ropo_payout_wizard,
    ropo_pdf_wizard,
    ropo_send_wizard,
    ropo_statement_wizard,
    ropo_take_back_wizard,
    ropo_transfer_preview,
    ropo_transfer_wizard,
)
