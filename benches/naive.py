"""How one would write it with the official SDK: every account by itself.

Usage: naive.py ADDRESS SAG_ID THREADS
Lists the accounts page by page, asks for the sessions of each, and waits
between the attempts of a call that is throttled: one second, two, four.
Prints the accounts that were read and the wall seconds that it took.
"""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from alibabacloud_smartag20180313.client import Client
from alibabacloud_smartag20180313.models import (
    DescribeSmartAccessGatewayClientUsersRequest,
    DescribeUserOnlineClientsRequest,
)
from alibabacloud_tea_openapi.models import Config

address, sag_id, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = Client(
    Config(
        access_key_id="testid",
        access_key_secret="testsecret",
        region_id="cn-shanghai",
        endpoint=address,
        protocol="HTTP",
    )
)


def patiently(call):
    for attempt in range(10):
        try:
            return call()
        except Exception as error:
            if "Throttling" not in str(getattr(error, "code", "")):
                raise
            time.sleep(2**attempt * (0.5 + random.random()))
    raise RuntimeError("throttled for too long")


def page(number):
    request = DescribeSmartAccessGatewayClientUsersRequest(
        region_id="cn-shanghai", smart_agid=sag_id, page_number=number, page_size=50
    )
    return patiently(lambda: client.describe_smart_access_gateway_client_users(request)).body


def sessions(user):
    request = DescribeUserOnlineClientsRequest(
        region_id="cn-shanghai", smart_agid=sag_id, user_name=user
    )
    return patiently(lambda: client.describe_user_online_clients(request)).body


begun = time.perf_counter()
names, number = [], 1
while True:
    body = page(number)
    found = [user.user_name for user in body.users.user or []]
    names += found
    if not found or len(names) >= body.total_count:
        break
    number += 1
with ThreadPoolExecutor(threads) as pool:
    answers = list(pool.map(sessions, names))
print(len(answers), time.perf_counter() - begun)
