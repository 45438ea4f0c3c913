"""Faults on the way to moto: requests that it never sees, and answers that nobody gets.

`FAULTS` is a JSON list of `{"match": …, "when": "before" or "after", "times": 1, "status": 500}`. A request matches if the
text `METHOD PATH?QUERY BODY` has `match` in it. Before: moto never sees it. After: moto does what it says, and the answer is
lost. Either way the client gets the status without a word.
"""

import io
import json
import os

from moto.moto_server.werkzeug_app import DomainDispatcherApplication


def text_of(environ):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    address = environ["PATH_INFO"] + "?" + environ.get("QUERY_STRING", "")
    return f"{environ['REQUEST_METHOD']} {address} {body.decode(errors='replace')}"


def install():
    faults = json.loads(os.environ.get("FAULTS", "[]"))
    if not faults:
        return
    respond = DomainDispatcherApplication.__call__

    def respond_or_fail(self, environ, start_response):
        text = text_of(environ)
        for fault in faults:
            if fault["match"] in text and fault.get("times", 1) > 0:
                fault["times"] = fault.get("times", 1) - 1
                if fault["when"] == "after":
                    list(respond(self, environ, lambda *_: None))
                start_response(f"{fault.get('status', 500)} Fault", [("Content-Length", "0")])
                return [b""]
        return respond(self, environ, start_response)

    DomainDispatcherApplication.__call__ = respond_or_fail
