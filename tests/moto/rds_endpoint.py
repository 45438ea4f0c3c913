"""Instances of RDS that answer: every instance has the address of a real PostgreSQL, and its master user that one's password.

MOTO_RDS_ENDPOINT is `host:port`, and MOTO_RDS_PASSWORD what RDS, which makes a password of its own, puts into the secret that it
manages. Without the variables instances have addresses at which nobody answers, as in moto.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html (username and password in JSON)
"""

import json
import os

from moto.rds.models import DBInstance, MasterUserSecret

ENDPOINT = os.environ.get("MOTO_RDS_ENDPOINT")
PASSWORD = os.environ.get("MOTO_RDS_PASSWORD")


def install():
    if ENDPOINT:
        DBInstance.endpoint = property(answering(DBInstance.endpoint.fget))
    if PASSWORD:
        MasterUserSecret._generate_secret_string = secret


def answering(old):
    def new(self):
        there = old(self)
        if not there:
            return there
        host, port = ENDPOINT.rsplit(":", 1)
        return {**there, "Address": host, "Port": int(port)}

    return new


def secret(self):
    return json.dumps({"username": self.resource.master_username, "password": PASSWORD})
