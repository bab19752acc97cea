"""What Ropo One may do otherwise than assumed, where a setting covers it."""

# Tried in turn where the path that is set leads nowhere. None of them posts anything
# but a document for local print, which is what is tried.
OTHER_PATHS = {
    "path_preview": (
        "/jobs/preview",
        "/jobs/previewpdf",
        "/jobs/pdfpreview",
        "/jobs/pdf/preview",
        "/preview",
    ),
    "path_localprint": (
        "/jobs/localprint",
        "/jobs/print",
        "/jobs/local-print",
        "/jobs/printlocal",
        "/localprint",
    ),
}
LEADS_NOWHERE = (404, 405)


def other_paths(name, now):
    return [path for path in OTHER_PATHS[name] if path != now]
