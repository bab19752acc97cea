import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {registry} from "@web/core/registry";
import {useHotkey} from "@web/core/hotkeys/hotkey_hook";

/**
 * Cards whose figures open their records by the keyboard, too: in Odoo's own cards
 * Enter belongs to the whole card, and a link that has the focus opens nothing.
 */
export class RopoOverviewRenderer extends KanbanRenderer {
    setup() {
        super.setup();
        // The smallest area that holds the focus wins.
        useHotkey("Enter", ({target}) => target.click(), {
            area: () => this.focusedLink,
        });
    }

    get focusedLink() {
        const {activeElement} = document;
        const isOurs = this.rootRef.el?.contains(activeElement);
        return isOurs && activeElement.matches("a, button") ? activeElement : null;
    }
}

registry.category("views").add("ropo_overview", {
    ...kanbanView,
    Renderer: RopoOverviewRenderer,
});
