import {registry} from "@web/core/registry";

// From the list: all selected, the verdicts shown, what can go sent, and its list.
registry.category("web_tour.tours").add("ropo_send_wizard", {
    steps: () => [
        {
            content: "Only what waits to be sent is listed",
            trigger: ".o_list_view .o_data_row:nth-child(3)",
        },
        {
            content: "Select all",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Send them by Ropo",
            trigger: "button[name=action_ropo_send]",
            run: "click",
        },
        {
            content: "Two may go",
            trigger: ".modal .alert-success:contains(Ready to send: 2)",
        },
        {
            content: "One may not",
            trigger: ".modal .alert-warning:contains(Cannot go now: 1)",
        },
        {
            content: "It comes first, with the reason and what to mend",
            trigger:
                ".modal .o_data_row:first-child:contains(has no city) " +
                ".o_data_cell[name=fix_record]:contains(Nowhere Oy)",
        },
        {
            content: "Send the others",
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {
            content: "What becomes of them is shown",
            trigger: ".o_breadcrumb .active:contains(Told to Ropo)",
        },
        {
            content: "Both wait, and no other",
            trigger:
                ".o_list_view:has(.o_data_row:nth-child(2)):not(:has(.o_data_row:nth-child(3))) " +
                ".o_data_row .o_data_cell:contains(Waiting)",
        },
    ],
});
