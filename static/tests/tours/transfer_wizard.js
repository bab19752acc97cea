import {registry} from "@web/core/registry";

const ROW = ".modal .o_field_widget[name=line_ids] .o_data_row";

// From the list: by customer, with reasons and warnings, on chosen terms, confirmed.
registry.category("web_tour.tours").add("ropo_transfer_wizard", {
    steps: () => [
        {
            content: "The menu is that of Ropo",
            trigger: ".o_main_navbar .o_menu_brand:contains(Ropo)",
        },
        {
            content: "Only what is overdue is listed",
            trigger: ".o_list_view .o_data_row:nth-child(4)",
        },
        {
            content: "Select all",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Transfer them",
            trigger: "button[name=action_ropo_transfer]",
            run: "click",
        },
        {
            content: "One may go; the warning that it can't be undone is amber",
            trigger: ".modal .alert-warning:contains(Ready: 1):contains(can't be undone)",
        },
        {
            content: "One may not, and says why",
            trigger: `${ROW}:first-child:contains(has no city):contains(Not Ready)`,
        },
        {
            content: "One that has a warning is left out",
            trigger: `${ROW}:nth-child(2).text-muted:contains(is not reconciled)`,
        },
        {
            content: "So is the other, which stays so",
            trigger: `${ROW}:nth-child(3).text-muted:contains(is not reconciled)`,
        },
        {
            content: "What goes has no warning",
            trigger: `${ROW}:nth-child(4):contains(Ready):not(.text-muted)`,
        },
        {
            content: "Look at it for collection",
            trigger: ".modal .o_field_widget[name=kind] input[data-value=collection]",
            run: "click",
        },
        {
            content: "In Finland that needs a date",
            trigger: `${ROW}:nth-child(2):contains(In Finland)`,
        },
        {
            content: "So back to a reminder",
            trigger: ".modal .o_field_widget[name=kind] input[data-value=reminder]",
            run: "click",
        },
        {
            content: "Choose the one",
            trigger: `${ROW}:nth-child(2):contains(is not reconciled) [name=include] input`,
            run: "click",
        },
        {
            content: "Now two go",
            trigger: ".modal .alert-warning:contains(Ready: 2)",
        },
        {
            content: "See it by customer",
            trigger: ".modal .nav-link:contains(Customers)",
            run: "click",
        },
        {
            content: "Each customer has a row",
            trigger:
                ".modal .o_field_widget[name=customer_ids] .o_data_row:nth-child(3)",
        },
        {
            content: "Say what is claimed besides",
            trigger: ".modal .nav-link:contains(Terms)",
            run: "click",
        },
        {
            content: "Own costs",
            trigger: ".modal .o_field_widget[name=notice_fee] input",
            run: "edit 5",
        },
        {
            content: "Transfer",
            trigger: ".modal button[name=action_confirm]:contains(2)",
            run: "click",
        },
        {
            content: "One confirmation names the debtors and the sum",
            trigger:
                ".modal .alert-warning:contains(Invoices: 2. Debtors: 2.):contains(251.00)",
        },
        {
            content: "Think again",
            trigger: ".modal button[name=action_check]",
            run: "click",
        },
        {
            content: "What was chosen is still so",
            trigger: ".modal .alert-warning:contains(Ready: 2)",
        },
        {
            content: "Transfer",
            trigger: ".modal button[name=action_confirm]:contains(2)",
            run: "click",
        },
        {
            content: "Confirm",
            trigger: ".modal button[name=action_transfer]:contains(2)",
            run: "click",
        },
        {
            content: "Done",
            trigger: "body:not(:has(.modal))",
        },
    ],
});
