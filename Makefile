# Each target is a command of dev/; `python3 -m dev` lists them all.
# Arguments go along: make test ARGS="-k outbox"
.PHONY: demo test lint bench sandbox clean

demo test lint bench sandbox clean:
	@python3 -m dev $@ $(ARGS)
