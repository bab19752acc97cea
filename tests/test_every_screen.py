"""No view and no action of the addon is missing in the walk through the screens."""

from lxml import etree

from odoo.tests import tagged

from .screens import ScreensCase


@tagged("post_install", "-at_install")
class TestEveryScreen(ScreensCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.as_user = cls.env(user=cls.user)

    # --- helpers ---

    def ours(self, model):
        """The records of this model that the addon brings."""
        data = self.env["ir.model.data"].search(
            [("module", "=", "ropo_connect"), ("model", "=", model)]
        )
        return self.env[model].browse(data.mapped("res_id"))

    def walked(self):
        """`(ids of actions, views)` that the walk opens."""
        actions, views = set(), self.env["ir.ui.view"]
        for screen in self.screens():
            action, kind = self._opened(screen)
            actions.add(action.get("id"))
            for view_id, view_kind in self._named(action):
                if kind in (False, view_kind):
                    views |= self._view_of(action["res_model"], view_id, view_kind)
        return actions, views

    def _opened(self, screen):
        """`(action, kind of view)`: what the client gets of the server."""
        if screen.function == "press":
            model, name, ids = screen.arguments
            return getattr(self.as_user[model].browse(ids), name)(), False
        action, options = (*screen.arguments, {})[:2]
        kind = options.get("viewType", False)
        if isinstance(action, str):
            action = self.env.ref(action).id
        if isinstance(action, int):
            window = self._window(self._action(action))
            action = self.as_user["ir.actions.actions"]._for_xml_id(
                window.get_external_id()[window.id]
            )
        return action, kind

    def _action(self, action_id):
        action = self.env["ir.actions.actions"].browse(action_id)
        return self.env[action.type].browse(action_id)

    def _named(self, action):
        if "views" in action:
            return action["views"]
        kinds = action["view_mode"].split(",")
        return [(action.get("view_id", False), kind) for kind in kinds]

    def _view_of(self, model, view_id, kind):
        """The view that is shown, and those of the rows inside it that it does not
        write down itself."""
        view_id = self.as_user[model].get_view(view_id or None, kind)["id"]
        view = views = self.env["ir.ui.view"].browse(view_id)
        for node in etree.fromstring(view.get_combined_arch()).iter("field"):
            field = self.env[model]._fields.get(node.get("name"))
            if field and field.type in ("one2many", "many2many") and not len(node):
                rows = self.as_user[field.comodel_name]
                for kind in ("list", "kanban"):
                    views |= views.browse(rows.get_view(None, kind)["id"])
        return views

    def _root(self, view):
        """The view in which one that extends another is shown."""
        while view.mode != "primary":
            view = view.inherit_id
        return view

    # --- tests ---

    def test_each_view_of_the_addon_is_in_the_walk(self):
        _actions, walked = self.walked()
        views = self.ours("ir.ui.view").filtered(
            lambda view: view.type not in ("qweb", "search")
        )
        self.assertGreater(len(views), 50)
        missing = views.filtered(lambda view: self._root(view) not in walked)
        self.assertFalse(missing.mapped("xml_id"))

    def test_each_menu_and_each_window_of_the_addon_is_in_the_walk(self):
        walked, _views = self.walked()
        menus = self.ours("ir.ui.menu").filtered("action")
        self.assertGreater(len(menus), 15)
        windows = self.ours("ir.actions.act_window")
        windows |= windows.browse(self._window(menu.action).id for menu in menus)
        missing = windows.filtered(lambda window: window.id not in walked)
        self.assertFalse([*missing.get_external_id().values()])
