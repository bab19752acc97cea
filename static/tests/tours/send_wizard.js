import {registry} from "@web/core/registry";

// From the list: all selected, the verdicts shown, what can go sent, and its list.
registry.category("web_tour.tours").add("ropo_send_wizard", {
    steps: () => [
        {
            content: "The menu is that of Ropo",
            trigger: ".o_main_navbar .o_menu_brand:contains(Ropo)",
        },
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
            trigger: ".modal .alert-warning:contains(Not ready: 1)",
        },
        {
            content: "Those to fix are shown first, with the reason",
            trigger: ".modal .o_data_row:contains(has no city)",
        },
        {
            content: "The others are a tab away",
            trigger: ".modal .nav-link[name=ready]",
            run: "click",
        },
        {
            content: "Both that are ready are there, with the file that goes along",
            trigger:
                ".modal .o_field_x2many:has(.o_data_row:nth-child(2)) .o_tag:contains(Hours.pdf)",
        },
        {
            content: "Back to the one to fix",
            trigger: ".modal .nav-link[name=blocked]",
            run: "click",
        },
        {
            content: "Open the customer over the wizard",
            trigger: ".modal button:contains(Nowhere Oy)",
            run: "click",
        },
        {
            content: "Enter the city",
            trigger: ".modal .o_field_widget[name=city] input",
            run: "edit Helsinki",
        },
        {
            content: "Save the customer",
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "The wizard is still there, and all may go",
            trigger: ".modal .alert-success:contains(Ready to send: 3)",
        },
        {
            content: "Nothing is to be fixed any more",
            trigger: ".modal:not(:has(.alert-warning))",
        },
        {
            content: "Send them",
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {
            content: "The wizard shows what becomes of them",
            trigger: ".modal .o_field_widget[name=progress]",
        },
        {
            content: "All three wait",
            trigger: ".modal .o_field_widget[name=waiting_count]:contains(3)",
        },
        {
            content: "Each is listed",
            trigger: ".modal .o_data_row:nth-child(3):contains(Waiting)",
        },
        {
            content: "Close it",
            trigger: ".modal button[special=cancel]:visible",
            run: "click",
        },
        {
            content: "It is gone",
            trigger: "body:not(:has(.modal))",
        },
    ],
});
