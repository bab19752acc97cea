import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

// For new users: from the overview to the dialog that sends, and nothing is sent.
registry.category("web_tour.tours").add("ropo_connect_tour", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps(
            "ropo_connect.menu_ropo",
            _t("Invoices, reminders and debt collection through Ropo: begin here.")
        ),
        {
            content: _t(
                "A card shows what of an account waits or needs a decision. Open the account to see its first steps."
            ),
            trigger: ".o_kanban_record a[name=action_open_account].fs-4",
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=environment]",
        },
        {
            content: _t("What can be sent or transferred is listed here."),
            trigger: "button[data-menu-xmlid='ropo_connect.menu_ropo_invoices']",
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            content: _t("Open the invoices that Ropo has not delivered yet."),
            trigger: ".dropdown-item[data-menu-xmlid='ropo_connect.menu_ropo_to_send']",
            tooltipPosition: "right",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row",
        },
        {
            content: _t("Select all of them."),
            trigger: ".o_list_view thead .o_list_record_selector input",
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            content: _t("See what can be sent. Nothing leaves yet."),
            trigger: "button[name=action_ropo_send]",
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            content: _t(
                "What is ready, and what is to be fixed first and why. The first button sends; leave it for now."
            ),
            trigger: ".modal button[special=cancel]:visible",
            tooltipPosition: "top",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
    ],
});
