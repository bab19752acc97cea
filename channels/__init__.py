"""What the addon says to the outside world, and what it hears from there.

Nothing in this package imports Odoo: documents go in as plain dataclasses, answers
come out as plain dataclasses, and every failure is one of the types in `errors`.
"""
