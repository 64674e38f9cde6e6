"""`python -m tests.migrations`: a database made by the migrations is the database that the models describe."""

import sys

from tests import cluster


def main() -> None:
    database = cluster.start()
    database.migrate()
    from app.migrations import run

    found = run.differences(database.url("owner"))
    for difference in found:
        print(difference)
    database.end()
    sys.exit("The models and the migrations differ." if found else 0)


if __name__ == "__main__":
    main()
