import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("ropo_conformance", {
    steps: () => [
        {
            content: "Hold Ropo against what is assumed of it",
            trigger: "button[name=action_run_conformance]",
            run: "click",
        },
        {
            content: "Agree that artificial documents are sent",
            trigger: ".modal button.btn-primary",
            run: "click",
        },
        {
            content: "The run shows what holds",
            trigger: ".o_field_widget[name=held]:contains(50)",
        },
        {
            content: "And what each assumption came to",
            trigger: ".o_data_row:contains(The paydate of a payment is the day):contains(Not Tried)",
        },
        {
            content: "Look at what was seen beside",
            trigger: ".nav-link[name=observations]",
            run: "click",
        },
        {
            content: "How many calls at once it takes",
            trigger: ".o_field_widget[name=notes]:contains(16 calls at once)",
        },
    ],
});
