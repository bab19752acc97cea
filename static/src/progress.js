import {Component, onWillUnmount} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const EVERY = 2000; // Milliseconds

/** Reads a wizard anew until nothing that it sent is waiting any more. */
export class RopoProgress extends Component {
    static template = "ropo_connect.Progress";
    static props = {...standardWidgetProps};

    setup() {
        const timer = setInterval(() => this.look(), EVERY);
        onWillUnmount(() => clearInterval(timer));
    }

    async look() {
        if (this.props.record.data.waiting_count) {
            await this.props.record.load();
        }
    }
}

registry.category("view_widgets").add("ropo_progress", {
    component: RopoProgress,
    fieldDependencies: [{name: "waiting_count", type: "integer"}],
});
