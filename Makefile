# Each target is a command of dev/; `python3 -m dev` lists them all.
# Arguments go along: make test ARGS="-k outbox"
# The demo goes through Ropo's own API, or another channel: make demo CHANNEL=maventa; or with other
# answers than assumed: make demo DIALECT=other
# It leaves Odoo open at its end, but with SERVE=0.
# Storms and random walks, of many seeds: make campaign SEEDS=10000, which goes on where it was
# stopped; one alone, with its story: make campaign SEED=7. Odd answers: make fuzz DOCUMENTS=100000
# Small faults in the code, which tests have to find: make mutate ARGS="channels/pace.py"
# Of a test profile of Ropo's: make conformance URL=https://… CID=… or, at Maventa,
# make conformance CHANNEL=maventa URL=https://… COMPANY=…
.PHONY: demo test lint docs bench neighbours upgrades campaign fuzz mutate wheel audit sandbox conformance screenshots clean

demo test lint docs bench neighbours upgrades campaign fuzz mutate wheel audit sandbox conformance screenshots clean:
	@python3 -m dev $@ $(ARGS)
