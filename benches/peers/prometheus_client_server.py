"""The exposition of the benchmark's fleet, served by Python's prometheus_client:
a custom collector that makes the families at each scrape."""

import sys

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily

FAMILIES = [
    "sag_user_enabled",
    "sag_user_static_ip",
    "sag_user_online_clients",
    "sag_user_bandwidth_limit_bytes_per_second",
    "sag_user_acceleration_bandwidth_limit_bytes_per_second",
    "sag_user_oldest_session_start_timestamp_seconds",
    "sag_user_newest_session_start_timestamp_seconds",
    "sag_user_last_online_timestamp_seconds",
]


class Fleet:
    def __init__(self, instances, users):
        self.users = []
        for i in range(instances):
            sag_id = f"sag-{0xABCDEF0000 + i:012x}"
            for n in range(users):
                start = 1_700_000_000 + n
                values = [1, 0, 1, 125 * (1000 + n % 4000), 62500 * (n % 8), start, start, 1_800_000_000]
                self.users.append(((sag_id, f"user{i:04}.{n:06}"), values))

    def collect(self):
        for column, name in enumerate(FAMILIES):
            family = GaugeMetricFamily(name, "A value of a client account.", labels=["sag_id", "user"])
            for labels, values in self.users:
                family.add_metric(labels, values[column])
            yield family


def main():
    registry = CollectorRegistry()
    registry.register(Fleet(int(sys.argv[1]), int(sys.argv[2])))
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    print("{}:{}".format(*server.server_address[:2]), flush=True)
    thread.join()


main()
