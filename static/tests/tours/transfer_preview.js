import {registry} from "@web/core/registry";

// What would tonight's run do? One is held, another released.
registry.category("web_tour.tours").add("ropo_transfer_preview", {
    steps: () => [
        {
            content: "By customer, all unfolded",
            trigger: ".o_group_header:contains(Example Oy)",
        },
        {
            content: "One goes tonight",
            trigger: ".o_data_row:contains(Goes Tonight):contains(20)",
        },
        {
            content: "Hold it",
            trigger: ".o_data_row:contains(Goes Tonight) button[name=action_hold]",
            run: "click",
        },
        {
            content: "Now two are held",
            trigger: ".o_list_view:not(:has(.o_data_row:contains(Goes Tonight)))",
        },
        {
            content: "Release the other",
            trigger: ".o_data_row:contains(30):contains(Held) button[name=action_release]",
            run: "click",
        },
        {
            content: "It goes tonight",
            trigger: ".o_data_row:contains(30):contains(Goes Tonight)",
        },
    ],
});
