"""The official credential library, asked by the tests.

Each line of standard input is a JSON object: the variables of a process, and
the address of the double that stands for every service. Each is answered by a
line: which provider was chosen and what it yielded, or the error. No request
goes anywhere but to the double.
"""

import json
import os
import sys
from urllib.parse import urlsplit, urlunsplit

# Imported before the fork, because they take most of the time.
import aiofiles  # noqa: F401
import apscheduler.schedulers.background  # noqa: F401
from Tea.core import TeaCore


def redirect(double):
    """Sends every request to the double, whatever its host."""
    compose = TeaCore.compose_url
    place = urlsplit(double)

    def composed(request):
        url = urlsplit(compose(request))
        return urlunsplit((place.scheme, place.netloc, url.path, url.query, ""))

    TeaCore.compose_url = staticmethod(composed)


def answer(case):
    os.environ.clear()
    os.environ.update(case["variables"])
    redirect(case["double"])
    # Reads the variables when it is imported.
    from alibabacloud_credentials.client import Client

    try:
        found = Client().get_credential()
    except Exception as error:
        return {"error": str(error)}
    return {
        "provider": found.provider_name,
        "id": found.access_key_id,
        "secret": found.access_key_secret,
        "token": found.security_token or "-",
    }


def main():
    for line in sys.stdin:
        case = json.loads(line)
        if os.fork() == 0:
            print(json.dumps(answer(case)), flush=True)
            # The library leaves threads behind.
            os._exit(0)
        os.wait()


main()
