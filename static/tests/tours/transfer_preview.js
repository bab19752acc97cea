import {registry} from "@web/core/registry";

const OF_CUSTOMER = ".o_group_header:contains(Example Oy)";

// The scheduled transfers: one is put on hold, another resumed, and Back shows no more
// than there is.
registry.category("web_tour.tours").add("ropo_transfer_preview", {
    steps: () => [
        {
            content: "The menu is that of Ropo",
            trigger: ".o_main_navbar .o_menu_brand:contains(Ropo)",
        },
        {
            content: "By customer, all unfolded",
            trigger: OF_CUSTOMER,
        },
        {
            content: "One is scheduled, and says for when",
            trigger: ".o_data_row:contains(Scheduled):contains(20):contains(:00)",
        },
        {
            content: "Put it on hold",
            trigger: ".o_data_row:contains(Scheduled) button[name=action_hold]",
            run: "click",
        },
        {
            content: "Now two are on hold",
            trigger: ".o_list_view:not(:has(.o_data_row:contains(Scheduled)))",
        },
        {
            content: "Resume the other",
            trigger:
                ".o_data_row:contains(30):contains(On Hold) button[name=action_release]",
            run: "click",
        },
        {
            content: "It is scheduled",
            trigger: ".o_data_row:contains(30):contains(Scheduled)",
        },
        {
            content: "Open the invoice",
            trigger: ".o_data_row:contains(30) td[name=days_overdue]",
            run: "click",
        },
        {
            content: "It is there",
            trigger: ".o_form_view .o_field_widget[name=partner_id]",
        },
        {
            content: "Back to the list",
            trigger: ".o_breadcrumb .o_back_button, .o_breadcrumb a",
            run: "click",
        },
        {
            content: "Each invoice is there once",
            trigger:
                ".o_list_view:has(.o_data_row:contains(30)):has(.o_data_row:contains(20))",
            run() {
                const rows = document.querySelectorAll(".o_data_row").length;
                if (rows !== 2) {
                    throw new Error(`${rows} rows of 2 invoices`);
                }
            },
        },
    ],
});
