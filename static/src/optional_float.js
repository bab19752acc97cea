import {FloatField, floatField} from "@web/views/fields/float/float_field";
import {registry} from "@web/core/registry";

/**
 * A number that may be left out: zero means that there is none, so it is shown as
 * empty, with what holds instead as its placeholder.
 */
export class RopoOptionalFloat extends FloatField {
    static template = "ropo_connect.OptionalFloat";
    static props = {
        ...FloatField.props,
        placeholder: {type: String, optional: true},
    };

    get formattedValue() {
        return this.value ? super.formattedValue : "";
    }
}

registry.category("fields").add("ropo_optional_float", {
    ...floatField,
    component: RopoOptionalFloat,
    supportedTypes: ["float"],
    extractProps: (info) => ({
        ...floatField.extractProps(info),
        placeholder: info.placeholder,
    }),
});
