"""Opens views as the web client does: by the same calls of the server, with the fields
and the groups that the views name."""

from ast import literal_eval

from lxml import etree

from odoo import fields
from odoo.fields import Domain
from odoo.tools.safe_eval import datetime, safe_eval

PAGE = 80  # records
COUNT_LIMIT = 10_001  # from where on the web client counts no further
DEFAULT = "search_default_"
MENU = "ropo_connect.menu_ropo"


class Screen:
    """A view of a window action, with the filters that it opens with, or with those of
    a favourite."""

    def __init__(self, action, kind, favourite=None):
        self.action, self.kind, self.favourite = action, kind, favourite

    def open(self, env):
        context = self._evaluate(env, self.action["context"] or "{}")
        model = env[self.action["res_model"]].with_context(**context)
        ids = {kind: view_id for view_id, kind in self.action["views"]}
        search_id = self.action["search_view_id"]
        found = model.get_views(
            [
                (ids.get(self.kind, False), self.kind),
                (search_id and search_id[0], "search"),
            ]
        )
        archs = {
            kind: etree.fromstring(view["arch"])
            for kind, view in found["views"].items()
        }
        domain = Domain(self._evaluate(env, self.action["domain"] or "[]"))
        filters, groups = self._filters(env, archs["search"], context)
        view = archs[self.kind]
        OPENERS[self.kind](
            model,
            domain & filters,
            groups or view.get("default_group_by", "").split(",")[:1],
            view,
            {name: own["fields"] for name, own in found["models"].items()},
            self.favourite and literal_eval(self.favourite["context"]),
        )

    def _evaluate(self, env, text):
        return safe_eval(
            text,
            {
                "uid": env.uid,
                "datetime": datetime,
                "context_today": lambda: fields.Date.context_today(env.user),
                "allowed_company_ids": env.companies.ids,
                "active_id": False,
            },
        )

    def _filters(self, env, arch, context):
        """The domain and the groups that a search begins with."""
        if self.favourite:
            context_ = literal_eval(self.favourite["context"])
            return (
                Domain(self._evaluate(env, self.favourite["domain"])),
                context_.get("group_by", []),
            )
        domain, groups = Domain.TRUE, []
        for key, value in context.items():
            name = key.removeprefix(DEFAULT)
            if key == name or not value:
                continue
            (node,) = arch.xpath("//filter[@name=$name]", name=name)
            if node.get("domain"):
                domain &= Domain(self._evaluate(env, node.get("domain")))
            group = self._evaluate(env, node.get("context") or "{}").get("group_by")
            groups += [group] if group else []
        return domain, groups


def open_form(env, name, record_id):
    """The form of a record."""
    model = env[name]
    found = model.get_views([(False, "form")])
    arch = etree.fromstring(found["views"]["form"]["arch"])
    known = {name: own["fields"] for name, own in found["models"].items()}
    model.browse(record_id).web_read(_specification(arch, name, known))


# --- what there is to open ---


def of_menu(env):
    """`(name, what opens it)` of each view that the menu opens for this user."""
    return _of_entries(env, env.ref(MENU), "")


def _of_entries(env, menu, path):
    for entry in menu.child_id._filter_visible_menus():
        name = f"{path}{entry.name}"
        yield from _of_entries(env, entry, f"{name} / ")
        if not entry.action:
            continue
        action = _action(entry.action)
        if action["type"] == "ir.actions.server":
            action = entry.action.run()
        if action.get("target") == "new":
            continue
        for _view_id, kind in action["views"]:
            if kind in OPENERS:
                yield f"{name}: {kind}", Screen(action, kind).open


def favourites(env):
    """`(name, what opens it)` of each favourite, in the pivot table; of what is of all
    cases, also for those of a year."""
    for own in env["ir.filters"].search([("model_id", "=like", "ropo.%")]):
        action = _action(env["ir.actions.act_window"].browse(own.action_id.id))
        favourite = {"domain": own.domain, "context": own.context}
        yield f"“{own.name}”", Screen(action, "pivot", favourite).open
        if own.domain == "[]" and "transfer_date" in env[own.model_id]:
            since = fields.Date.subtract(fields.Date.today(), years=1)
            year = {**favourite, "domain": f"[('transfer_date', '>=', '{since}')]"}
            yield f"“{own.name}”, a year", Screen(action, "pivot", year).open


def _action(record):
    """As the web client gets it."""
    xml_id = record.sudo().get_external_id()[record.id]
    return record.env["ir.actions.actions"]._for_xml_id(xml_id)


# --- views ---


def _open_records(model, domain, groups, arch, known, _favourite):
    specification = _specification(arch, model._name, known)
    if not groups or not groups[0]:
        order = arch.get("default_order") or ""
        model.web_search_read(
            domain, specification, limit=PAGE, order=order, count_limit=COUNT_LIMIT
        )
        return
    sums = [node.get("name") for node in arch.xpath("//field[@sum]")]
    model.web_read_group(
        domain,
        groups[:1],
        [measure for name in sums for measure in _measures(model, name)],
        limit=PAGE,
        auto_unfold=arch.tag == "kanban",
        unfold_read_specification=specification,
    )


def _open_pivot(model, domain, _groups, arch, _known, favourite):
    if favourite:
        rows = favourite["pivot_row_groupby"]
        columns = favourite["pivot_column_groupby"]
        measures = favourite["pivot_measures"]
    else:
        rows, columns, measures = (
            [_spec(node) for node in arch.xpath("//field[@type=$kind]", kind=kind)]
            for kind in ("row", "col", "measure")
        )
    sets = []
    for row in range(len(rows) + 1):
        for column in range(len(columns) + 1):
            sets.append(list(dict.fromkeys([*rows[:row], *columns[:column]])))
    specs = [spec for name in measures for spec in _measures(model, name)]
    model.formatted_read_grouping_sets(domain, sets, list(dict.fromkeys(specs)))


def _open_graph(model, domain, _groups, arch, _known, favourite):
    if favourite:
        groups, measure = favourite["graph_groupbys"], favourite["graph_measure"]
    else:
        nodes = arch.xpath("//field[not(@type='measure')][not(@widget)]")
        groups = [_spec(node) for node in nodes]
        measure = (arch.xpath("//field[@type='measure']/@name") or ["__count"])[0]
    model.formatted_read_group(domain, groups, ["__count", *_measures(model, measure)])


OPENERS = {
    "list": _open_records,
    "kanban": _open_records,
    "pivot": _open_pivot,
    "graph": _open_graph,
}


def _spec(node):
    interval = node.get("interval")
    return f"{node.get('name')}:{interval}" if interval else node.get("name")


def _measures(model, name):
    """What the web client asks for a measure; of money its currencies too."""
    if name == "__count":
        return [name]
    field = model._fields[name]
    if field.type != "monetary":
        return [f"{name}:{field.aggregator}"]
    currency = field.get_currency_field(model)
    return [
        f"{name}:{field.aggregator}",
        f"{currency}:array_agg_distinct",
        f"{name}:sum_currency",
    ]


def _specification(arch, model, known):
    """What is read of a record, and of those that it shows."""
    found = {}
    for node in arch.xpath(".//field[not(ancestor::field)]"):
        if _is_hidden(node):
            found.setdefault(node.get("name"), {})
            continue
        found[node.get("name")] = _of_field(node, known[model][node.get("name")], known)
    return found


def _of_field(node, field, known):
    if field["type"] in ("one2many", "many2many"):
        (view, *_others) = [*node.xpath("list | kanban | form"), None]
        if view is None:
            return {"fields": {"display_name": {}}}
        # The view of its own fields is one of this node, and no longer inside a field.
        own = etree.fromstring(etree.tostring(view))
        fields_ = _specification(own, field["relation"], known)
        return {"fields": fields_, "limit": 40}
    if field["type"] == "many2one":
        return {"fields": {"display_name": {}}}
    return {}


def _is_hidden(node):
    return {node.get("invisible"), node.get("column_invisible")} & {"True", "1"}
