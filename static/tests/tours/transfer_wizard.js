import {registry} from "@web/core/registry";

// From the list: by customer, with reasons and warnings, on chosen terms.
registry.category("web_tour.tours").add("ropo_transfer_wizard", {
    steps: () => [
        {
            content: "Only what is overdue is listed",
            trigger: ".o_list_view .o_data_row:nth-child(3)",
        },
        {
            content: "Select all",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Hand them over",
            trigger: "button[name=action_ropo_transfer]",
            run: "click",
        },
        {
            content: "Two may go",
            trigger: ".modal .alert-success:contains(Ready to hand over: 2)",
        },
        {
            content: "One may not, and says why",
            trigger: ".modal .o_data_row:first-child:contains(has no city)",
        },
        {
            content: "One has a warning",
            trigger: ".modal .o_data_row:nth-child(2):contains(is not reconciled)",
        },
        {
            content: "Leave it out",
            trigger: ".modal .o_field_widget[name=skip_warnings] input",
            run: "click",
        },
        {
            content: "One is left",
            trigger: ".modal .alert-success:contains(Ready to hand over: 1)",
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
            content: "Hand it over",
            trigger: ".modal button[name=action_transfer]:contains(1)",
            run: "click",
        },
        {
            content: "Done",
            trigger: "body:not(:has(.modal))",
        },
    ],
});
