import {registry} from "@web/core/registry";

const ROW = ".o_data_row:contains(Payout of Ropo)";

// A payout of two payments, less a commission, is matched on its bank line.
registry.category("web_tour.tours").add("ropo_match_payout", {
    steps: () => [
        {
            content: "Match the bank line",
            trigger: `${ROW} button[name=action_ropo_match_payout]`,
            run: "click",
        },
        {
            content: "One payment is proposed, and not all is explained",
            trigger: ".modal:has(.o_data_row):contains(34.90)",
        },
        {
            content: "It can't be booked yet",
            trigger: ".modal footer:not(:has(button[name=action_match]))",
        },
        {
            content: "Enter the commission",
            trigger: ".modal .o_field_widget[name=commission_amount] input",
            run: "edit 20",
        },
        {
            content: "Leave the field",
            trigger: ".modal .o_field_widget[name=interest_amount] input",
            run: "click",
        },
        {
            content: "Both payments are proposed, with the tax of the commission",
            trigger: ".modal:has(.o_data_row:eq(1)):contains(5.10)",
        },
        {
            content: "Nothing is left",
            trigger: ".modal .o_field_widget[name=rest]:contains(0.00)",
        },
        {
            content: "Book it",
            trigger: ".modal button[name=action_match]",
            run: "click",
        },
        {
            content: "No bank line waits any more",
            trigger: ".o_list_view:not(:has(.o_data_row)) .o_view_nocontent",
        },
    ],
});
