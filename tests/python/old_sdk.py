"""The official SDK of old (signature V1) on a leash.

Reads JSON, one object a line. The first says whom to call and as whom; each
other is a call, and is answered by a line with the answer or the exception.
"""

import importlib
import json
import sys

from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient


def connect(settings):
    key = (settings["key_id"], settings["secret"])
    if settings.get("token"):
        credential = StsTokenCredential(*key, settings["token"])
    else:
        credential = AccessKeyCredential(*key)
    return AcsClient(region_id="cn-shanghai", credential=credential, auto_retry=False)


def build(operation, parameters, address):
    name = operation + "Request"
    module = importlib.import_module("aliyunsdksmartag.request.v20180313." + name)
    request = getattr(module, name)()
    request.set_endpoint(address)
    request.set_protocol_type("http")
    request.set_accept_format("JSON")
    for key, value in parameters.items():
        if isinstance(value, list):
            # The setters of lists do nothing in this SDK.
            for number, item in enumerate(value, start=1):
                request.add_query_param(f"{key}.{number}", item)
        elif key != "RegionId":
            # The region comes from the client.
            getattr(request, "set_" + key)(value)
    return request


def describe(error):
    return {
        "class": type(error).__name__,
        "code": getattr(error, "error_code", None),
        "status": getattr(error, "http_status", None),
        "text": str(error),
    }


def main():
    settings = json.loads(sys.stdin.readline())
    client = connect(settings)
    for line in sys.stdin:
        call = json.loads(line)
        try:
            request = build(call["operation"], call["parameters"], settings["address"])
            answer = {"ok": json.loads(client.do_action_with_exception(request))}
        except Exception as error:  # whatever the SDK raises is an answer
            answer = {"error": describe(error)}
        print(json.dumps(answer), flush=True)


main()
