"""CloudWatch over RPC v2 CBOR: the protocol in which the SDK for Rust speaks to it, and which moto does not read.

A call is translated into JSON 1.0, which the service takes as well and moto reads, and its answer back.
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

import json

import botocore.session
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from moto.cloudwatch import urls
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.request import Request

TARGET = "GraniteServiceVersion20100801"
MODEL = botocore.session.get_session().get_service_model("cloudwatch")
ANSWER = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}


def install():
    path = "{0}/service/" + TARGET + "/operation/(?P<operation>[A-Za-z]+)$"
    urls.url_paths[path] = answer


def answer(request, full_url, headers):
    operation = request.path.rpartition("/")[2]
    status, _, body = CloudWatchResponse.dispatch(*in_json(request, full_url, operation, read(request)))
    said = json.loads(body) if body else {}
    if int(status) >= 400:
        code = str(said.get("__type", "InternalFailure")).rpartition("#")[2]
        message = str(said.get("message") or said.get("Message") or "")
        headers = {**ANSWER, "x-amzn-query-error": f"{code};Sender"}
        return status, headers, b"\xa2" + text("__type") + text(code) + text("message") + text(message)
    shape = MODEL.operation_model(operation).output_shape
    return status, ANSWER, written(said, shape) if shape else b"\xa0"


def read(request):
    parser = RpcV2CBORParser()
    body = request.get_data()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}


def in_json(request, full_url, operation, said):
    headers = {
        "X-Amz-Target": f"{TARGET}.{operation}",
        "Authorization": request.headers.get("Authorization", ""),
        "X-Amz-Date": request.headers.get("X-Amz-Date", ""),
        "Content-Type": "application/x-amz-json-1.0",
        "Host": request.host,
    }
    url = full_url.partition("/service/")[0] + "/"
    new = Request.from_primitives("POST", url, headers, json.dumps(said).encode())
    new.from_wsgi_server = True
    return new, url, new.headers


def written(value, shape):
    serialized = bytearray()
    RpcV2CBORSerializer()._serialize_data_item(serialized, without_nulls(value), shape)
    return bytes(serialized)


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def text(value):
    data = value.encode()
    return b"\x79" + len(data).to_bytes(2, "big") + data
