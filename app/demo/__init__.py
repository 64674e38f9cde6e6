"""Made-up districts: the one generator that the demo, the tests and the benchmarks share.

Who may sign in to them is in accounts.py, what they hold in furnishing.py.
"""
