import {registry} from "@web/core/registry";

// From the list: a dispute until a day, with the text for what Ropo collects already.
registry.category("web_tour.tours").add("ropo_hold", {
    steps: () => [
        {
            content: "Both are listed",
            trigger: ".o_list_view .o_data_row:nth-child(2)",
        },
        {
            content: "Select them",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Open the actions",
            trigger: ".o_cp_action_menus button:has(.fa-cog)",
            run: "click",
        },
        {
            content: "Put them on hold",
            trigger: ".o-dropdown--menu .o_menu_item:contains(Put on Hold)",
            run: "click",
        },
        {
            content: "Ropo collects one already",
            trigger: ".modal .alert-warning:contains(Ropo has no call for a hold)",
        },
        {
            content: "The customer disputes it",
            trigger:
                ".modal .o_field_widget[name=reason] .o_radio_item:contains(Dispute) input",
            run: "click",
        },
        {
            content: "Until a day",
            trigger: ".modal .o_field_widget[name=until] input",
            run: "edit 12/31/2099 && press Tab",
        },
        {
            content: "The text for Ropo has both",
            trigger:
                ".modal .o_field_widget[name=letter]:contains(Dispute):contains(2099)",
        },
        {
            content: "Ropo is informed",
            trigger: ".modal .o_field_widget[name=is_informed] input",
            run: "click",
        },
        {
            content: "Note how",
            trigger: ".modal .o_field_widget[name=informed_how] input",
            run: "edit By e-mail",
        },
        {
            content: "Put on hold",
            trigger: ".modal button[name=action_apply]",
            run: "click",
        },
        {
            content: "Done",
            trigger: "body:not(:has(.modal))",
        },
    ],
});
