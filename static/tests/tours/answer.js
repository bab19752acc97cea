import {registry} from "@web/core/registry";

// From the messages: one of Ropo is answered, and is read then.
registry.category("web_tour.tours").add("ropo_answer", {
    steps: () => [
        {
            content: "Answer what Ropo wrote",
            trigger: ".o_data_row:contains(Please call us) button[name=action_answer]",
            run: "click",
        },
        {
            content: "The dialog shows it",
            trigger: ".modal .o_field_widget[name=message]:contains(Please call us)",
        },
        {
            content: "Answer",
            trigger: ".modal .o_field_widget[name=answer] textarea",
            run: "edit We called on Monday",
        },
        {
            content: "Note the answer",
            trigger: ".modal button[name=action_note]",
            run: "click",
        },
        {
            content: "Nothing is left to answer",
            trigger: ".o_list_view:not(:has(button[name=action_answer]))",
        },
    ],
});
