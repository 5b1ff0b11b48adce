"""Helpers of the flow tests: the daemon, its clients, the protos, the data."""
