"""One file a model; base.py is the contract, registry.py the table."""
