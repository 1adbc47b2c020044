"""The fleet: how many are online, where, compared with last week, what is wrong."""

from parts import (
    BAD, DAY, EXPORTER, FAINT, FLEET, GOOD, INSTANCE, MINUTE, NEUTRAL, OTHER, USER, WARN,
    bits, dashboard, fleet, graph, link_to, mapped, named, not_a_number, now, one, over_time,
    rows, select, spans, stat, table, typed_user, variables, with_label, yes_no,
)

ONLINE = one(fleet("sag_online_users"))
ONLINE_BEFORE = one(fleet("sag_online_users", offset=" offset 1w"))
ANOMALIES = one(fleet("sag_anomalies"), "rule")
ACCOUNTS = one(fleet("sag_client_users"), "state")
INFO = fleet("sag_instance_info")
TO_INSTANCE = link_to(INSTANCE, "Open this instance", sag_id="${__data.fields.sag_id}")
LINE_TO_INSTANCE = link_to(INSTANCE, "Open this instance", sag_id="${__field.labels.sag_id}")


def build():
    return dashboard(
        FLEET,
        "How many people are online, where, compared with last week, and what is wrong. "
        "Start here; every row leads on to its instance.",
        variables(one_instance=False, user_variable=typed_user("Find user")),
        [
            ("Now", now_panels()),
            ("Who is online", online_panels()),
            ("Instances", [instances()]),
            ("Anomalies", anomaly_panels()),
            ("What is used up, and where a user is", usage_panels()),
        ],
    )


def now_panels():
    age = "time() - min(" + one(
        fleet("sag_collection_last_success_timestamp_seconds", 'collector="sessions"')) + ")"
    return [
        stat("Users online", "Client accounts with at least one session, in all chosen instances.",
             now(f"sum({ONLINE})")),
        stat("Against last week",
             "Users online now compared with the same minute a week ago. Blue because neither "
             "more nor fewer is bad by itself.",
             now(f"sum({ONLINE}) / (sum({ONLINE_BEFORE}) > 0) - 1"),
             unit="percentunit", decimals=0, empty="no data from then"),
        stat("Sessions online",
             "Clients that are connected. One user may have several sessions at once.",
             now(f'sum({one(fleet("sag_online_clients"))})')),
        stat("Accounts", "Client accounts that exist, enabled or disabled.",
             now(f"sum({ACCOUNTS})")),
        stat("Instances", "Instances that the exporter reports.",
             now(f'count({one(fleet("sag_up"))})'), empty="none"),
        stat("Not fully read",
             "Instances whose last sweep was not complete: their figures are partly old or "
             "missing. The dashboard Exporter says why.",
             now(f'sum({one(fleet("sag_up"))} == bool 0)'), steps={None: GOOD, 1: BAD},
             link=link_to(EXPORTER, "Why? Open Exporter")),
        stat("Oldest data",
             "How long ago the sessions of the instance that is furthest behind were last read "
             "completely. Orange from 10 minutes on, red from 30; with long sweep intervals more "
             "is normal.",
             now(age), unit="s", decimals=0, empty="never read",
             steps={None: GOOD, 10 * MINUTE: WARN, 30 * MINUTE: BAD},
             link=link_to(EXPORTER, "Why? Open Exporter")),
        stat("Anomalies", "What the rules find now, users and instances counted one by one.",
             now(f"sum({ANOMALIES})"), steps={None: GOOD, 1: WARN}),
    ]


def online_panels():
    largest = one(fleet("sag_online_users", offset=" @ end()"))
    region = one(INFO, "region")
    return [
        graph("Users online", "All chosen instances together; dashed: a week earlier.",
              [over_time(f"sum({ONLINE})", "now"),
               over_time(f"sum({ONLINE_BEFORE})", "a week earlier", "B")],
              decimals=0, colours={"now": NEUTRAL, "a week earlier": FAINT},
              dashed=("a week earlier",)),
        graph("Users online by instance, the ten largest",
              "The ten instances with the most users online at the end of the shown time.",
              [over_time(named(f"{ONLINE} and topk(10, {largest})", INFO),
                         "{{name}} ({{sag_id}})")],
              decimals=0, fill=0, link=LINE_TO_INSTANCE),
        graph("Users online by region", "Where the instances are, not where the people are.",
              [over_time(f"sum by (region) ({ONLINE} * on (sag_id) group_left (region) {region})",
                         "{{region}}")],
              decimals=0, stacked=True),
        graph("Sessions per minute",
              "Sessions that were seen to start and to end, per minute. Many ends at once without "
              "starts are an outage.",
              [over_time(rate_per_minute("sag_sessions_started_total"), "started"),
               over_time(rate_per_minute("sag_sessions_ended_total"), "ended", "B")],
              fill=0, colours={"started": NEUTRAL, "ended": WARN}),
    ]


def rate_per_minute(family):
    return f'60 * sum(max by (sag_id) (rate({fleet(family)}[$__rate_interval])))'


def instances():
    return table(
        "Instances, by users online",
        "One row for each chosen instance, most users first. Value: users online. Click a row to "
        "open its instance.",
        rows(f"sort_desc({instance_rows()})"), link=TO_INSTANCE,
        coloured=["anomalies", "fully_read"],
        texts=[mapped({"yes": ("yes", GOOD), "no": ("no", BAD), "unknown": ("unknown", WARN)}),
               not_a_number("unknown"), *spans({None: GOOD, 1: WARN})],
        width=24, height=9, empty="no instances",
    )


def instance_rows():
    up = one(fleet("sag_up"))
    # Unknown counts are NaN: an instance that was never read is a row all the same.
    online = f"({ONLINE} or on (sag_id) 0 * {up} / 0)"
    info = f"topk by (sag_id) (1, {one(INFO, 'account', 'region', 'name')})"
    found = f'count_values by (sag_id) ("anomalies", sum by (sag_id) ({ANOMALIES}))'
    unknown = f'label_replace({up}, "anomalies", "unknown", "", "")'
    known = f"{online}\n  * on (sag_id) group_left (account, region, name) {info}"
    counted = with_label(known, "anomalies", f"{found} or on (sag_id) {unknown}", "sag_id")
    return with_label(counted, "fully_read", yes_no("fully_read", up), "sag_id")


def anomaly_panels():
    return [
        graph("Anomalies by rule", "How many each rule finds; a rule that finds nothing is 0.",
              [over_time(f"sum by (rule) ({ANOMALIES})", "{{rule}}")],
              decimals=0, stacked=True, stepped=True),
        table("Anomalies now, by instance",
              "Only instances with findings, most first. Value: findings. Click a row to see who "
              "it is.",
              rows(f"sort_desc({named(f'topk(500, {ANOMALIES} > 0)', INFO)})"),
              link=TO_INSTANCE),
    ]


def usage_panels():
    return [
        top("Account quota used, in %",
            "The ten instances with the most accounts for what may exist. At 100% no more can be "
            "created.",
            percent(f"sum by (sag_id) ({ACCOUNTS})", "sag_instance_account_quota"),
            {None: GOOD, 90: WARN, 100: BAD}),
        graph("Accounts", "Client accounts that exist, and how many may exist.",
              [over_time(f"sum by (state) ({ACCOUNTS})", "{{state}}"),
               over_time(f'sum({one(fleet("sag_instance_account_quota"))})', "quota", "B")],
              decimals=0, fill=0, colours={"enabled": NEUTRAL, "disabled": OTHER, "quota": FAINT},
              dashed=("quota",)),
        top("Bandwidth allotted, in % of what was bought",
            "The ten most crowded instances. Above 100% is normal, since people do not all "
            "transfer at once.",
            percent(one(fleet("sag_allocated_bandwidth_bytes_per_second")),
                    "sag_instance_bandwidth_limit_bytes_per_second")),
        graph("Bandwidth", "What is allotted to the accounts, summed up, and what was bought for "
              "the instances. Allotted above bought is normal.",
              [over_time(bits(total("sag_allocated_bandwidth_bytes_per_second")), "allotted"),
               over_time(bits(total("sag_instance_bandwidth_limit_bytes_per_second")), "bought",
                         "B"),
               over_time(bits(total("sag_allocated_acceleration_bandwidth_bytes_per_second")),
                         "allotted for acceleration", "C")],
              unit="bps", fill=0, dashed=("bought",),
              colours={"allotted": NEUTRAL, "bought": FAINT, "allotted for acceleration": OTHER}),
        top("Subscriptions, in days until the end",
            "The ten that end first. Then nobody can connect any more. Orange below 30 days, red "
            "below 7.",
            f'bottomk(10, round(({one(fleet("sag_instance_expiry_timestamp_seconds"))} - time()) '
            f"/ {DAY}))",
            {None: BAD, 7: WARN, 30: GOOD}, "sort"),
        find_user(),
    ]


def total(family):
    return f"sum({one(fleet(family))})"


def percent(part, whole):
    return f"topk(10, round(100 * {part} / ({one(fleet(whole))} > 0)))"


def top(title, meaning, expression, steps=None, order="sort_desc"):
    """The worst of many instances, by name."""
    return table(title, meaning + " Click a row to open its instance.",
                 rows(f"{order}({named(expression, INFO)})"), link=TO_INSTANCE,
                 texts=spans(steps) if steps else (), coloured=["Value"] if steps else (),
                 empty="unknown")


def find_user():
    found = select("sag_user_online_clients", 'user="$user"')
    to_user = link_to(USER, "Open this user", sag_id="${__data.fields.sag_id}",
                      user="${__data.fields.user:percentencode}")
    return table(
        "Instances that have the user, by sessions",
        "Type the exact name of a user into the field Find user at the top: these are the "
        "instances in which it exists. Value: sessions online. Click a row to open the user "
        "there. Empty where labels.user is none, and above the limit of user series.",
        rows(f"topk(50, {one(found, 'user')})"), link=to_user,
        empty="no such user, or no name typed",
    )
