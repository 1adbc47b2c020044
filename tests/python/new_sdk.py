"""The official SDK of today (signature V3, or V1 on request) on a leash.

Reads JSON, one object a line. The first says whom to call and as whom; each
other is a call, and is answered by a line with the answer or the exception.
"""

import json
import re
import sys

from alibabacloud_smartag20180313 import models
from alibabacloud_smartag20180313.client import Client
from alibabacloud_tea_openapi.models import Config


def connect(settings):
    return Client(
        Config(
            access_key_id=settings["key_id"],
            access_key_secret=settings["secret"],
            security_token=settings.get("token"),
            signature_algorithm=settings.get("signature_algorithm"),
            region_id="cn-shanghai",
            endpoint=settings["address"],
            protocol="HTTP",
        )
    )


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def perform(client, operation, parameters):
    request = getattr(models, operation + "Request")().from_map(parameters)
    response = getattr(client, snake(operation))(request)
    return response.body.to_map()


def describe(error):
    return {
        "class": type(error).__name__,
        "code": getattr(error, "code", None),
        "status": getattr(error, "status_code", None),
        "retry_after": getattr(error, "retry_after", None),
        "text": str(error),
    }


def main():
    client = connect(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"ok": perform(client, call["operation"], call["parameters"])}
        except Exception as error:  # whatever the SDK raises is an answer
            answer = {"error": describe(error)}
        print(json.dumps(answer), flush=True)


main()
