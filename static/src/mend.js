import {Component} from "@odoo/owl";
import {FormViewDialog} from "@web/views/view_dialogs/form_view_dialog";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/**
 * On a line of a wizard that says why an invoice can't go: opens the record to mend
 * over the wizard. When it is saved, the wizard looks anew at what may go.
 */
export class RopoMend extends Component {
    static template = "ropo_connect.Mend";
    static props = {...standardFieldProps};

    setup() {
        this.dialog = useService("dialog");
        this.orm = useService("orm");
    }

    get target() {
        return this.props.record.data[this.props.name];
    }

    mend() {
        const {resModel, resId, displayName} = this.target;
        this.dialog.add(FormViewDialog, {
            resModel,
            resId,
            title: displayName,
            onRecordSaved: () => this.check(this.props.record.model.root),
        });
    }

    async check(wizard) {
        // Saved before: what was chosen in the wizard stays.
        if (await wizard.save()) {
            await this.orm.call(wizard.resModel, "action_check", [[wizard.resId]]);
            await wizard.load();
        }
    }
}

registry.category("fields").add("ropo_mend", {
    component: RopoMend,
    supportedTypes: ["reference"],
});
