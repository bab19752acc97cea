import {registry} from "@web/core/registry";

const ROPO_BOX = ".modal .o_field_widget[name=sending_method_checkboxes] .form-check";

// From an invoice whose customer lacks a city: with the reason, fixed, sent, answered.
registry.category("web_tour.tours").add("ropo_send_dialog", {
    steps: () => [
        {
            content: "Open Odoo's own Send dialog",
            trigger: "button[name=action_invoice_sent]",
            run: "click",
        },
        {
            content: "Ropo is chosen, as the customer's own way",
            trigger: `${ROPO_BOX}:contains(via Ropo) input:checked`,
        },
        {
            content: "What can't go is shown, with the way to fix it",
            trigger: ".modal .alert-danger:contains(has no city) a",
            run: "click",
        },
        {
            content: "The link opens the customer",
            trigger: ".o_form_view .o_field_widget[name=city] input",
            run: "edit Helsinki",
        },
        {
            content: "Save the customer",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "The customer is saved",
            trigger: ".o_form_saved",
        },
        {
            content: "Back to the invoice",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
        {
            content: "Open the dialog again",
            trigger: "button[name=action_invoice_sent]",
            run: "click",
        },
        {
            content: "Nothing is wrong any more",
            trigger: `.modal:not(:has(.alert)) ${ROPO_BOX.replace(".modal ", "")} input:checked`,
        },
        {
            content: "Send",
            trigger: ".modal button[name=action_send_and_print]",
            run: "click",
        },
        {
            content: "The dialog is gone",
            trigger: "body:not(:has(.modal))",
        },
        {
            content: "The answer is there at once",
            trigger: ".o_field_widget[name=ropo_state]:contains(Sent)",
        },
    ],
});

// An invoice that Ropo has: the way is there, disabled, with the reason.
registry.category("web_tour.tours").add("ropo_send_dialog_sent", {
    steps: () => [
        {
            content: "Open Odoo's own Send dialog",
            trigger: "button[name=action_invoice_sent]",
            run: "click",
        },
        {
            content: "Ropo can't be chosen, with the reason",
            trigger: `${ROPO_BOX}:contains(Ropo has it already) input:disabled:not(:checked)`,
        },
        {
            content: "Close it",
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "It is gone",
            trigger: "body:not(:has(.modal))",
        },
    ],
});
