"""What a button says when it is done."""


def notification(message, kind="success", then=None):
    """The action that shows `message` and does `then`; by default, what is shown is
    read anew."""
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": kind,
            "message": message,
            "next": then or {"type": "ir.actions.act_window_close"},
        },
    }
