import {registry} from "@web/core/registry";

// From the case: its invoice becomes a loss with its tax, and Ropo goes on.
registry.category("web_tour.tours").add("ropo_bad_debt", {
    steps: () => [
        {
            content: "Write it off",
            trigger: ".o_form_view button[name=action_write_off_bad_debt]",
            run: "click",
        },
        {
            content: "What is open, and the tax in it",
            trigger: ".modal .o_data_row:contains(125.50):contains(25.50)",
        },
        {
            content: "Take back the tax",
            trigger: ".modal .o_field_widget[name=with_relief] input",
            run: "click",
        },
        {
            content: "Post it",
            trigger: ".modal button[name=action_write_off]",
            run: "click",
        },
        {
            content: "The case shows it",
            trigger: ".o_form_view:contains(Written Off, Still Collected)",
        },
    ],
});
