"""A stand-in for Ropo over real HTTP, for tests and for trying the product out.

Run it with ``python -m sandbox --port 8090``. It holds every request against the
vendor's published contract and guides. What the documents leave open is an assumption
of ours, kept in one function each and listed in ``README.rst``.
"""
