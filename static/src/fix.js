import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {FormViewDialog} from "@web/views/view_dialogs/form_view_dialog";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/**
 * On a line of a wizard that says why an invoice can't go: opens the record to fix
 * over the wizard. When it is saved, the wizard looks anew at what may go.
 */
export class RopoFix extends Component {
    static template = "ropo_connect.Fix";
    static props = {...standardFieldProps};

    setup() {
        this.dialog = useService("dialog");
        this.orm = useService("orm");
    }

    /** The record to open; a new one where a Ropo account is to be set up. */
    get target() {
        const {fix_model: model, company_id: company} = this.props.record.data;
        if (model === "ropo.account" && !this.props.record.data[this.props.name]) {
            return {
                resModel: model,
                resId: false,
                displayName: _t("Set up the Ropo account"),
                context: company ? {default_company_id: company.id} : {},
            };
        }
        return this.props.record.data[this.props.name];
    }

    fix() {
        const {resModel, resId, displayName, context} = this.target;
        this.dialog.add(FormViewDialog, {
            resModel,
            resId,
            context: context || {},
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

registry.category("fields").add("ropo_fix", {
    component: RopoFix,
    supportedTypes: ["reference"],
    fieldDependencies: [
        {name: "fix_model", type: "char"},
        {name: "company_id", type: "many2one", relation: "res.company"},
    ],
});
