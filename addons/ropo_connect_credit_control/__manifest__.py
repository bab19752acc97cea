{
    "name": "Ropo Connect: Credit Control",
    "version": "19.0.1.0.0",
    "summary": "OCA's credit control beside Ropo: nobody is reminded by both",
    "author": "Ropo Connect contributors",
    "license": "AGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["ropo_connect", "account_credit_control"],
    "data": [
        "views/credit_control_line_views.xml",
        "views/credit_control_policy_views.xml",
    ],
    "post_init_hook": "post_init_hook",
    "auto_install": True,
}
