"""Makes the one node of MongoDB at 127.0.0.1:PORT a replica set, as only those have transactions: mongodb.py PORT [--look]

With --look it changes nothing. It fails until the node is a primary that takes writes.
"""

import sys

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

NO_REPLICATION_CONFIG, NOT_YET_INITIALIZED = 93, 94


def configure(admin, member: str) -> None:
    try:
        config = admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code not in (NO_REPLICATION_CONFIG, NOT_YET_INITIALIZED):
            raise
        admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": member}]})
        return
    # The data was kept and the port is another one: clients are told the address that is in the configuration.
    if config["members"][0]["host"] != member:
        config["members"][0]["host"] = member
        config["version"] += 1
        admin.command("replSetReconfig", config, force=True)


def main() -> None:
    port = int(sys.argv[1])
    limit = {"serverSelectionTimeoutMS": 2000, "socketTimeoutMS": 5000, "connectTimeoutMS": 2000}
    try:
        admin = MongoClient("127.0.0.1", port, directConnection=True, **limit).admin
        if "--look" not in sys.argv:
            configure(admin, f"127.0.0.1:{port}")
        if not admin.command("hello")["isWritablePrimary"]:
            sys.exit("it is no primary yet")
    except PyMongoError as error:
        sys.exit(str(error))


main()
