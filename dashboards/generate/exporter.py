"""The exporter: is the data true, and can the sweeps keep up?"""

from parts import (
    BAD, EXPORTER, FAINT, GOOD, INSTANCE, MINUTE, WARN,
    carried_user, cloud, dashboard, fleet, graph, link_to, mapped, not_a_number, now, one,
    or_none, over_time, process, rows, stat, table, variables,
)

TO_INSTANCE = link_to(INSTANCE, "Open this instance", sag_id="${__data.fields.sag_id}")
OWN = "and on (job, instance) " + process("sag_exporter_build_info")
REQUESTS = "sag_exporter_api_requests_total"


def build():
    return dashboard(
        EXPORTER,
        "Is what the other dashboards show true: is it there, whole and fresh, and do the calls "
        "that it takes fit into what the cloud allows?",
        variables(one_instance=False, user_variable=carried_user()),
        [
            ("Is the data true?", truth_panels()),
            ("Sweeps", sweep_panels()),
            ("Calls to the cloud", call_panels()),
            ("The process", process_panels()),
        ],
    )


def truth_panels():
    up = one(fleet("sag_up"))
    missing = (f'{fleet("sag_collection_expected_users")} '
               f'- {fleet("sag_collection_collected_users")}')
    oldest = one(fleet("sag_oldest_observation_timestamp_seconds"))
    read = one(fleet("sag_collection_last_success_timestamp_seconds"), "collector")
    success = one(fleet("sag_collection_success"), "collector")
    # What was never read completely has no time, but a row.
    unread = f"(time() - {read} or 0 * {success} / 0) and {success} == 0"
    return [
        stat("Exporters down", "Targets of the chosen jobs that Prometheus cannot scrape. Nothing "
             "is known of their instances.",
             now(f'sum({process("up")} == bool 0)'), steps={None: GOOD, 1: BAD},
             empty="no target"),
        stat("Instances fully read", "Share of the instances whose last sweep was complete.",
             now(f"avg({up})"), unit="percentunit", decimals=0,
             steps={None: BAD, 0.9: WARN, 1: GOOD}, empty="no instances"),
        stat("Users missing", "Accounts that the cloud counts but that its lists did "
             "not hold. Totals over accounts are too low by them.",
             now(f"sum(max by (sag_id) ({missing}))"), steps={None: GOOD, 1: BAD},
             empty="no instances"),
        stat("Users not observed", "Accounts whose sessions the last sweep did not observe; their "
             "last value stands for now.",
             now(f'sum({one(fleet("sag_stale_users"))})'), steps={None: GOOD, 1: WARN},
             empty="no instances"),
        stat("Oldest observation", "How long ago the user was observed that was not observed "
             "longest.",
             now(f"time() - min({oldest})"), unit="s", decimals=0,
             steps={None: GOOD, 10 * MINUTE: WARN, 30 * MINUTE: BAD}, empty="no instances"),
        stat("User series cut", "Whether single users are left out because there would be more "
             "series than limits.user_series.",
             now(f'max({process("sag_exporter_series_limited")})'),
             mapping={"0": ("no", GOOD), "1": ("yes", BAD)}, empty="no exporter"),
        stat("Configuration", "Whether the last reload succeeded. If not, the configuration from "
             "before is in force, and the next restart would fail.",
             now(f'min({process("sag_exporter_config_last_reload_successful")})'),
             mapping={"0": ("refused", BAD), "1": ("in force", GOOD)}, empty="no exporter"),
        stat("Credential ends in", "Of the cloud account whose credential ends first. It is "
             "renewed 15 minutes before.",
             now(f'min({cloud("sag_exporter_credential_expiry_timestamp_seconds")}) - time()'),
             unit="s", decimals=0, steps={None: BAD, 5 * MINUTE: WARN, 10 * MINUTE: GOOD},
             empty="no end"),
        graph("Age of the data", "The oldest last complete run of each part of a sweep, over all "
              "chosen instances. Sawteeth are normal, a steady climb is not.",
              [over_time(f"time() - min by (collector) ({read})", "{{collector}}")],
              unit="s", fill=0),
        table("Parts that cannot be read, and for how many seconds",
              "Instances and parts of a sweep whose last run was not complete, with the time since "
              "one was. Click a row to open its instance.",
              rows(f"sort_desc(topk(200, round({unread})))"), link=TO_INSTANCE,
              texts=[not_a_number("never read")], empty="none: everything was read"),
    ]


def sweep_panels():
    sweeps = cloud("sag_exporter_sweeps_total")
    return [
        graph("Duration of sweeps", "The last sweep of each cloud account beside the configured "
              "interval (dashed). Above it sweeps cannot keep up.",
              [over_time(f'max by (account) ({cloud("sag_exporter_sweep_duration_seconds")})',
                         "{{account}}"),
               over_time(f'max({process("sag_exporter_sweep_interval_seconds")})', "interval",
                         "B")],
              unit="s", fill=0, width=8, colours={"interval": FAINT}, dashed=("interval",)),
        graph("Sweeps per minute", "By outcome. Partial and failed ones leave old values.",
              [over_time(f"60 * sum by (outcome) (rate({sweeps}[$__rate_interval]))",
                         "{{outcome}}")],
              width=8, fill=0,
              colours={"complete": GOOD, "partial": WARN, "failed": BAD}),
        graph("Call budget used", "Calls that a sweep needs over calls that the configured rate "
              "allows in an interval. From 100% on sweeps cannot keep up.",
              [over_time(f'max by (account) ({cloud("sag_exporter_api_demand_ratio")})',
                         "{{account}}")],
              unit="percentunit", fill=10, width=8),
    ]


def call_panels():
    calls = cloud(REQUESTS)
    wrong = cloud(REQUESTS, 'outcome!="ok"')
    throttled = cloud(REQUESTS, 'outcome="throttled"')
    duration = process("sag_exporter_api_request_duration_seconds_bucket")
    by_account = f"sum by (account) (rate({calls}[$__rate_interval]))"
    return [
        graph("Calls per second", "By operation, retries counted one by one.",
              [over_time(f"sum by (action) (rate({calls}[$__rate_interval]))", "{{action}}")],
              unit="reqps", fill=0),
        graph("Time of a call, nine of ten", "Nine of ten calls were faster. Time spent waiting "
              "for the rate is not in it.",
              [over_time(f"histogram_quantile(0.9, sum by (action, le) "
                         f"(rate({duration}[$__rate_interval]))) >= 0", "{{action}}")],
              unit="s", fill=0),
        graph("Calls that failed", "Per second, by outcome: throttled, denied, timeout and so on. "
              "Throttling is answered by a lower rate.",
              [over_time(or_none(f"sum by (outcome) (rate({wrong}[$__rate_interval]) > 0)",
                                 "outcome", f"0 * sum(rate({calls}[$__rate_interval]))"),
                         "{{outcome}}")],
              unit="reqps", width=8, stacked=True,
              colours={"none": GOOD, "throttled": WARN, "auth": BAD, "denied": BAD}),
        graph("Calls throttled", "Share of the calls that the cloud refused because its quota was "
              "used up. An alert says so from 5% on.",
              [over_time(f"sum by (account) (rate({throttled}[$__rate_interval])) "
                         f"/ ({by_account} > 0)\n  or 0 * {by_account}", "{{account}}")],
              unit="percentunit", width=8, maximum=1),
        graph("Lowest rate that pacing allows", "Calls per second of the slowest operation of each "
              "cloud account. It falls while the cloud throttles and recovers slowly.",
              [over_time(f'min by (account) ({cloud("sag_exporter_api_rate_limit")})',
                         "{{account}}")],
              unit="reqps", width=8, fill=0),
    ]


def optional_operations():
    available = cloud("sag_exporter_bulk_operation_available")
    return table("Optional operations", "Operations that the cloud need not offer. A missing one "
                 "costs more calls, or leaves series out.",
                 rows(f"min by (account, action) ({available})"),
                 texts=[mapped({"0": ("missing or denied", WARN), "1": ("answers", GOOD)})],
                 coloured=["Value"], height=7, empty="none was tried")


def own(family):
    """Of the exporters alone: other programs may share the job."""
    return f"max by (instance) ({process(family)} {OWN})"


def process_panels():
    lost = process("sag_exporter_events_dropped_total")
    return [
        exporters(),
        optional_operations(),
        graph("Memory", "Resident memory of each process.",
              [over_time(own("process_resident_memory_bytes"), "{{instance}}")],
              unit="bytes", width=8, height=7, fill=0),
        graph("Processor", "Seconds of processor time per second.",
              [over_time(f'sum by (instance) (rate({process("process_cpu_seconds_total")}'
                         f'[$__rate_interval]) {OWN})', "{{instance}}")],
              unit="percentunit", width=8, height=7, fill=0),
        graph("Time of a scrape", "As Prometheus measures it.",
              [over_time(own("scrape_duration_seconds"), "{{instance}}")],
              unit="s", width=8, height=7, fill=0),
        graph("Samples in a scrape", "How much Prometheus stores at a time; most of it is series "
              "of users.",
              [over_time(own("scrape_samples_scraped"), "{{instance}}")],
              decimals=0, width=8, height=7, fill=0),
        graph("Requests answered", "Per second, by page and status code.",
              [over_time(f'sum by (handler, code) '
                         f'(rate({process("sag_exporter_http_requests_total")}'
                         f'[$__rate_interval]))', "{{handler}} {{code}}")],
              unit="reqps", width=8, height=7, fill=0),
        graph("Events lost per minute", "Events that a sink did not get, by the reason.",
              [over_time(or_none(f"60 * sum by (sink, reason) (rate({lost}[$__rate_interval]) > 0)",
                                 "sink", f'0 * max({process("sag_exporter_build_info")})'),
                         "{{sink}} {{reason}}")],
              width=8, height=7, stacked=True, colours={"none ": GOOD}),
    ]


def exporters():
    started = f'max by (job, instance) ({process("process_start_time_seconds")})'
    build = ("max by (job, instance, version) "
             f'({process("sag_exporter_build_info")})')
    running = f"((time() - {started}) * on (job, instance) group_right {build})"
    return table("Exporters, and for how many hours they run", "Each process with its version. "
                 "Different versions are fine for a while.",
                 rows(f"round({running} / 3600, 0.1)"), height=7, empty="no exporter")
