"""The database's history: NNNN_one_thing.py, each apart from code, run as role `owner`."""
