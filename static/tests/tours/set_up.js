import {registry} from "@web/core/registry";

// Without an account: an empty list leads to a new one.
registry.category("web_tour.tours").add("ropo_set_up", {
    steps: () => [
        {
            content: "It does not say that everything was sent",
            trigger: ".o_view_nocontent:contains(there is no Ropo account yet)",
        },
        {
            content: "Set one up",
            trigger: ".o_view_nocontent a:contains(Set Up a Ropo Account)",
            run: "click",
        },
        {
            content: "A new account opens",
            trigger: ".o_form_view .o_field_widget[name=service_model]",
        },
    ],
});

// In the wizard, a missing account is set up over it.
registry.category("web_tour.tours").add("ropo_set_up_wizard", {
    steps: () => [
        {
            content: "Select all",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Send them",
            trigger: "button[name=action_ropo_send]",
            run: "click",
        },
        {
            content: "Fix it",
            trigger: ".modal .o_data_row button:contains(Set up the Ropo account)",
            run: "click",
        },
        {
            content: "A new account opens over the wizard",
            trigger: ".modal .o_form_view .o_field_widget[name=service_model]",
        },
        {
            content: "Close it",
            trigger: ".modal:has([name=service_model]) .btn-close",
            run: "click",
        },
        {
            content: "The wizard is still there",
            trigger: ".modal button[name=action_check]",
        },
    ],
});
