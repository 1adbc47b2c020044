"""One instance: its accounts and sessions, what is used up, and who stands out."""

from parts import (
    BAD, DAY, FAINT, GOOD, INSTANCE, MINUTE, NEUTRAL, OTHER, USER, WARN,
    bits, carried_user, dashboard, graph, instance, link_to, mapped, not_a_number, now, one,
    over_time, rows, stat, table, variables, with_label, yes_no,
)

TO_USER = link_to(USER, "Open this user", user="${__data.fields.user:percentencode}")


def build():
    return dashboard(
        INSTANCE,
        "One instance: its accounts, sessions, quota and subscription, and the users who stand "
        "out. Every user leads on to the dashboard User.",
        variables(one_instance=True, user_variable=carried_user()),
        [
            ("Now", now_panels()),
            ("Sessions", session_panels()),
            ("Findings", finding_panels()),
            ("Users who stand out", user_panels()),
            ("What is used up, and what was read", usage_panels()),
        ],
    )


def most(family, more="", offset=""):
    """One value, however many replicas publish it."""
    return f"max({instance(family, more, offset)})"


def now_panels():
    accounts = accounts_by_state()
    read = most("sag_collection_last_success_timestamp_seconds", 'collector="sessions"')
    return [
        this_instance(),
        stat("Fully read",
             "Whether the last sweep read everything of this instance. If not, figures are partly "
             "old or missing: see what was read, below.",
             now(most("sag_up")), mapping=YES_NO, empty="unknown"),
        stat("Data age", "How long ago the sessions were last read completely.",
             now(f"time() - {read}"), unit="s", decimals=0, empty="never read",
             steps={None: GOOD, 10 * MINUTE: WARN, 30 * MINUTE: BAD}),
        stat("Users online", "Client accounts with at least one session.",
             now(most("sag_online_users"))),
        stat("Sessions online", "Clients that are connected. One user may have several.",
             now(most("sag_online_clients"))),
        stat("Accounts", "Client accounts that exist, enabled or disabled.",
             now(f"sum({accounts})")),
        stat("Quota used", "Accounts that exist over accounts that may exist. At 100% no more "
             "can be created.",
             now(f"sum({accounts}) / ({most('sag_instance_account_quota')} > 0)"),
             unit="percentunit", decimals=0, steps={None: GOOD, 0.9: WARN, 1: BAD},
             empty="unknown"),
        stat("Ends in", "When the subscription ends. Then nobody can connect any more. "
             "Orange below 30 days, red below 7.",
             now(f"{most('sag_instance_expiry_timestamp_seconds')} - time()"), unit="s", decimals=0,
             steps={None: BAD, 7 * DAY: WARN, 30 * DAY: GOOD}, empty="unknown"),
        stat("Anomalies", "What the rules find now, users and the instance counted one by one.",
             now(f"sum(max by (rule) ({instance('sag_anomalies')}))"),
             steps={None: GOOD, 1: WARN}),
    ]


def this_instance():
    up, info = one(instance("sag_up")), instance("sag_instance_info")
    names = one(info, "account", "region", "name")
    return table("This instance", "Its name, its cloud account and its region.",
                 rows(f"{up} * on (sag_id) group_left (account, region, name) {names}"),
                 texts=[mapped({"0": ("not fully read", BAD), "1": ("fully read", GOOD)})],
                 coloured=["Value"], width=24, height=4, empty="no such instance")


def accounts_by_state():
    return f"max by (state) ({instance('sag_client_users')})"


def session_panels():
    buckets = instance("sag_session_duration_seconds_bucket")
    length = f"max by (le) (rate({buckets}[$__rate_interval]))"
    return [
        graph("Users online", "Dashed: a week earlier.",
              [over_time(most("sag_online_users"), "now"),
               over_time(most("sag_online_users", offset=" offset 1w"), "a week earlier", "B")],
              decimals=0, colours={"now": NEUTRAL, "a week earlier": FAINT},
              dashed=("a week earlier",)),
        graph("Sessions online", "What the sweeps saw beside the cloud's own count. A lasting gap "
              "means that one of them is wrong.",
              [over_time(most("sag_reported_online_clients"), "the cloud's own count"),
               over_time(most("sag_online_clients"), "seen", "B")],
              decimals=0, fill=0, colours={"seen": NEUTRAL, "the cloud's own count": FAINT},
              dashed=("the cloud's own count",)),
        graph("Sessions per minute", "Sessions that were seen to start and to end, per minute. "
              "Many ends at once without starts are an outage.",
              [over_time(per_minute("sag_sessions_started_total"), "started"),
               over_time(per_minute("sag_sessions_ended_total"), "ended", "B")],
              fill=0, colours={"started": NEUTRAL, "ended": WARN}),
        graph("Length of sessions that ended", "Half of the sessions were shorter than the median, "
              "nine of ten shorter than the other line. Nothing is drawn while none ends.",
              [over_time(f"histogram_quantile(0.5, {length}) >= 0", "median"),
               over_time(f"histogram_quantile(0.9, {length}) >= 0", "nine of ten", "B")],
              unit="s", fill=0, empty="no session ended",
              colours={"median": NEUTRAL, "nine of ten": OTHER}),
    ]


def per_minute(family):
    return f"60 * max(rate({instance(family)}[$__rate_interval]))"


def finding_panels():
    online = f"max by (user) ({instance('sag_user_online_clients')})"
    found = f"max by (user, rule) ({instance('sag_user_anomaly')}) * on (user) group_left {online}"
    return [
        graph("Anomalies by rule", "How many each rule finds; a rule that finds nothing is 0.",
              [over_time(f"max by (rule) ({instance('sag_anomalies')})", "{{rule}}")],
              decimals=0, stacked=True, stepped=True),
        table("Users with findings, by sessions",
              "At most a hundred. Value: sessions online. Click a row to open its user. Findings "
              "of the instance itself (mass_disconnect, clock_skew) are only in the graph; names "
              "are missing where labels.user is none.",
              rows(f"sort_desc(topk(100, {found}))"), link=TO_USER),
    ]


def user_panels():
    online = f"max by (user) ({instance('sag_user_online_clients')})"
    start = f"min by (user) ({instance('sag_user_oldest_session_start_timestamp_seconds')})"
    traffic = f"max by (user) ({instance('sag_user_month_traffic_bytes')})"
    return [
        top("Most sessions", "Users with the most sessions at once now.",
            f"{online} > 0", "nobody is online"),
        top("Longest online, in hours", "Users whose oldest session began longest ago.",
            f"round((time() - {start}) / 3600, 0.01)", "nobody is online"),
        top("Most traffic this month, in GB",
            "Users with the most traffic since the first of the month.",
            f"round({traffic} / 1e9, 0.1) > 0", "traffic is not read"),
    ]


def top(title, meaning, expression, empty):
    return table(title, meaning + " Click a row to open its user.",
                 rows(f"sort_desc(topk(10, {expression}))"), link=TO_USER,
                 width=8, height=12, empty=empty)


def usage_panels():
    accounts = accounts_by_state()
    return [
        graph("Accounts", "Client accounts that exist, and how many may exist.",
              [over_time(accounts, "{{state}}"),
               over_time(most("sag_static_ip_users"), "with a static address", "B"),
               over_time(most("sag_instance_account_quota"), "quota", "C")],
              decimals=0, fill=0, width=7, dashed=("quota",),
              colours={"enabled": NEUTRAL, "disabled": OTHER, "quota": FAINT,
                       "with a static address": GOOD}),
        graph("Bandwidth", "What is allotted to the accounts, summed up, and what was bought. "
              "Allotted above bought is normal.",
              [over_time(bits(most("sag_allocated_bandwidth_bytes_per_second")), "allotted"),
               over_time(bits(most("sag_instance_bandwidth_limit_bytes_per_second")), "bought",
                         "B"),
               over_time(bits(most("sag_allocated_acceleration_bandwidth_bytes_per_second")),
                         "allotted for acceleration", "C")],
              unit="bps", fill=0, width=7, dashed=("bought",),
              colours={"allotted": NEUTRAL, "bought": FAINT, "allotted for acceleration": OTHER}),
        what_was_read(),
    ]


def what_was_read():
    success = f"max by (collector) ({instance('sag_collection_success')})"
    last = instance("sag_collection_last_success_timestamp_seconds")
    # What was never read completely has no time, but a row.
    age = f"(time() - max by (collector) ({last}) or on (collector) 0 * {success} / 0)"
    complete = yes_no("last_run_complete", success)
    return table("What was read, and how many seconds ago",
                 "The parts of a sweep, whether their last run was complete, and how long ago one "
                 "was. Accounts and traffic are read less often than sessions.",
                 rows(with_label(f"round({age})", "last_run_complete", complete, "collector")),
                 texts=[mapped({"yes": ("yes", GOOD), "no": ("no", BAD)}),
                        not_a_number("never")],
                 coloured=["last_run_complete", "Value"], width=10, empty="nothing yet")


YES_NO = {"0": ("no", BAD), "1": ("yes", GOOD)}
