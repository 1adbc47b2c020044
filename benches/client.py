"""The official SDK's side of the benchmark of the client.

Usage: client.py ADDRESS CALLS THREADS
Prints the CPU seconds and the wall seconds that the calls took.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from alibabacloud_smartag20180313.client import Client
from alibabacloud_smartag20180313.models import DescribeUserOnlineClientsRequest
from alibabacloud_tea_openapi.models import Config

address, calls, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = Client(
    Config(
        access_key_id="testid",
        access_key_secret="testsecret",
        region_id="cn-shanghai",
        endpoint=address,
        protocol="HTTP",
    )
)


def call(number):
    answer = client.describe_user_online_clients(
        DescribeUserOnlineClientsRequest(
            region_id="cn-shanghai",
            smart_agid="sag-abc123",
            user_name=f"user-{number}@example.com",
        )
    )
    assert len(answer.body.users.user) == 1


with ThreadPoolExecutor(threads) as pool:
    list(pool.map(call, range(threads)))  # warm up
    cpu, wall = time.process_time(), time.perf_counter()
    list(pool.map(call, range(calls)))
    print(time.process_time() - cpu, time.perf_counter() - wall)
