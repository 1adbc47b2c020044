"""Verifies one delivery with the library of Standard Webhooks for Python.

Reads {"secret", "headers", "body"} as JSON from standard input. A delivery that
was changed in any part must not be verified.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def main():
    delivery = json.load(sys.stdin)
    hook = Webhook(delivery["secret"])
    body, headers = delivery["body"], delivery["headers"]
    assert hook.verify(body, headers) == json.loads(body)
    refuse(hook, body.replace("session", "sessiom"), headers)
    refuse(hook, body, {**headers, "webhook-id": "msg_another"})
    refuse(hook, body, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1)})
    refuse(Webhook("whsec_" + "C" * 32), body, headers)
    print("verified")


def refuse(hook, body, headers):
    try:
        hook.verify(body, headers)
    except WebhookVerificationError:
        return
    raise AssertionError(f"verified although it was changed: {headers} {body}")


main()
