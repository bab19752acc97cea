import {kanbanView} from "@web/views/kanban/kanban_view";
import {registry} from "@web/core/registry";

/**
 * Cards below each other, whatever their list is grouped by: as columns of a card or two
 * each they would be read on a telephone by swiping from one to the next.
 */
registry.category("views").add("ropo_cards", {
    ...kanbanView,
    searchMenuTypes: ["filter", "favorite"],
});
