import {registry} from "@web/core/registry";

// The agreement: explained, asked for, and what became of it.
registry.category("web_tour.tours").add("ropo_activation", {
    steps: () => [
        {
            content: "The account shows that there is no agreement",
            trigger: ".o_field_widget[name=service_state]:contains(Inactive)",
        },
        {
            content: "It shows nothing of Ropo One",
            trigger: ".o_form_view:not(:has([name=service_model], [name=webhook_url]))",
        },
        {
            content: "Activate",
            trigger: "button[name=action_activate_service]",
            run: "click",
        },
        {
            content: "It is explained, with what Finland asks for",
            trigger: ".modal li:contains(In Finland the identity)",
        },
        {
            content: "Who signs",
            trigger: ".modal .o_field_widget[name=email] input",
            run: "edit signer@example.com",
        },
        {
            content: "Ask for it",
            trigger: ".modal button[name=action_activate]",
            run: "click",
        },
        {
            content: "It is pending, and shows with whom",
            trigger: ".o_field_widget[name=service_state]:contains(Pending)",
        },
        {
            content: "Signed meanwhile: ask",
            trigger: ".o_field_widget[name=service_email]:contains(signer@example.com)",
        },
        {
            content: "Ask what became of it",
            trigger: "button[name=action_refresh_service]",
            run: "click",
        },
        {
            content: "Still pending",
            trigger: ".o_field_widget[name=service_state]:contains(Pending)",
        },
    ],
});

// A claim for rent on two debtors.
registry.category("web_tour.tours").add("ropo_transfer_maventa", {
    steps: () => [
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
            content: "One is not there yet, and says what to do",
            trigger: ".modal .o_data_row:contains(Find Sent Invoice):contains(Not Ready)",
        },
        {
            content: "One is ready: name who owes it as well",
            trigger: ".modal .o_data_row:contains(Esimerkki Asiakas) td[name=co_debtor_ids]",
            run: "click",
        },
        {
            content: "A contact of the customer",
            trigger: ".modal td[name=co_debtor_ids] input",
            run: "edit Toinen",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Esimerkki Toinen)",
            run: "click",
        },
        {
            content: "It is chosen",
            trigger: ".modal td[name=co_debtor_ids] .o_tag:contains(Esimerkki Toinen)",
        },
        {
            content: "Terms",
            trigger: ".modal .nav-link:contains(Terms)",
            run: "click",
        },
        {
            content: "Only those that Maventa takes are shown",
            trigger: ".modal .tab-pane:not(:has([name=notice_fee]))",
        },
        {
            content: "It is rent",
            trigger: ".modal .o_field_widget[name=is_rental] input",
            run: "click",
        },
        {
            content: "Transfer",
            trigger: ".modal button[name=action_confirm]:contains(1)",
            run: "click",
        },
        {
            content: "Confirm",
            trigger: ".modal button[name=action_transfer]:contains(1)",
            run: "click",
        },
        {
            content: "Done",
            trigger: "body:not(:has(.modal))",
        },
    ],
});
