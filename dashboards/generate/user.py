"""One user in one instance, made for an incident."""

from parts import (
    BAD, FAINT, GOOD, MINUTE, NEUTRAL, OTHER, USER, WARN,
    bits, dashboard, graph, instance, link_to, mapped, now, one, or_none, over_time, rows,
    select, single, stat, table, user, variables,
)


def build():
    return dashboard(
        USER,
        "One user in one instance: whether it is online, since when, what it may do, what was "
        "found. Empty where labels.user is none and while the limit of user series cuts.",
        variables(one_instance=True, user_variable=chosen_user()),
        [
            ("Now", now_panels()),
            ("Sessions and findings", session_panels()),
            ("Limits and traffic", usage_panels()),
        ],
    )


def chosen_user():
    # Only the users of the chosen instance, 2,000 at most: never the whole fleet.
    query = f"label_values({instance('sag_user_enabled')}, user)"
    return single("user", "User", query)


def most(family, more=""):
    """One value, however many replicas publish it."""
    return f"max({user(family, more)})"


def now_panels():
    read = "max(" + instance(
        "sag_collection_last_success_timestamp_seconds", 'collector="sessions"') + ")"
    findings = f"count(max by (rule) ({user('sag_user_anomaly')}))"
    return [
        stat("Sessions online", "Clients of this user that are connected now.",
             now(most("sag_user_online_clients")), empty="unknown",
             steps={None: FAINT, 1: GOOD}),
        stat("Online for", "Since the oldest of its sessions began.",
             now(f"time() - min({user('sag_user_oldest_session_start_timestamp_seconds')})"),
             unit="s", decimals=0, empty="offline"),
        stat("Last seen online", "How long ago. Within one sweep means that it is online.",
             now(f"time() - {most('sag_user_last_online_timestamp_seconds')}"), unit="s",
             decimals=0, empty="never seen"),
        stat("Account", "Whether the account may log in.", now(most("sag_user_enabled")),
             mapping={"0": ("disabled", WARN), "1": ("enabled", GOOD)}, steps={None: WARN},
             empty="no such user"),
        stat("Findings", "How many rules object to this user now.",
             now(f"{findings} or 0 * {most('sag_user_enabled')}"), steps={None: GOOD, 1: BAD},
             empty="unknown"),
        stat("Address", "Whether the account has a static address.",
             now(most("sag_user_static_ip")),
             mapping={"0": ("dynamic", NEUTRAL), "1": ("static", NEUTRAL)}, empty="unknown"),
        stat("Instance fully read", "Whether the last sweep read everything of the instance. If "
             "not, what is shown of the user may be old.",
             now(f"max({instance('sag_up')})"),
             mapping={"0": ("no", BAD), "1": ("yes", GOOD)}, empty="unknown"),
        stat("Data age", "How long ago the sessions of the instance were last read completely.",
             now(f"time() - {read}"), unit="s", decimals=0, empty="never read",
             steps={None: GOOD, 10 * MINUTE: WARN, 30 * MINUTE: BAD}),
    ]


def session_panels():
    rules = or_none(f"max by (rule) ({user('sag_user_anomaly')})", "rule",
                    f"0 * {most('sag_user_enabled')}")
    return [
        graph("Sessions", "Sessions at once, and how many the policy allows, if it says so.",
              [over_time(most("sag_user_online_clients"), "sessions"),
               over_time(most("sag_user_session_limit"), "allowed", "B")],
              decimals=0, width=8, stepped=True, colours={"sessions": NEUTRAL, "allowed": FAINT},
              dashed=("allowed",)),
        graph("Findings", "One line for each rule, while it objects to this user.",
              [over_time(rules, "{{rule}}")], decimals=0, stacked=True, stepped=True,
              width=5, colours={"none": FAINT}),
        table("Findings now", "The rules that object to this user now; docs/rules.md explains "
              "each.",
              rows(rules), width=6, coloured=["Value"],
              texts=[mapped({"0": ("well", GOOD), "1": ("found", BAD)})]),
        table("Addresses", "The tunnel addresses from which this user is online. Empty while it "
              "is offline, and unless labels.user_info is true in the configuration.",
              rows(f"max by (client_ip) ({user('sag_user_info')})"), width=5,
              empty="offline, or not published"),
    ]


def usage_panels():
    used = most("sag_user_month_traffic_bytes")
    left = most("sag_user_traffic_allowance_remaining_bytes")
    return [
        stat("Free traffic used", "Of the free traffic of this month. What is above it is "
             "charged.",
             now(f"{used} / ({used} + {left} > 0)"), unit="percentunit", decimals=0,
             steps={None: GOOD, 0.9: WARN, 1: BAD}, width=4, height=8,
             empty="traffic is not read"),
        graph("Traffic this month", "Since the first of the month, and what is left of the free "
              "traffic. It starts anew with each month.",
              [over_time(used, "used"), over_time(left, "left of the free traffic", "B")],
              unit="bytes", fill=0, width=7,
              colours={"used": NEUTRAL, "left of the free traffic": FAINT},
              dashed=("left of the free traffic",), empty="traffic is not read"),
        graph("Bandwidth limits", "What the account may use. A step is a change that somebody "
              "made.",
              [over_time(bits(most("sag_user_bandwidth_limit_bytes_per_second")), "bandwidth"),
               over_time(bits(most("sag_user_acceleration_bandwidth_limit_bytes_per_second")),
                         "acceleration", "B")],
              unit="bps", fill=0, stepped=True, width=6,
              colours={"bandwidth": NEUTRAL, "acceleration": OTHER}),
        same_name(),
    ]


def same_name():
    everywhere = one(select("sag_user_online_clients", 'user="$user"'))
    there = link_to(USER, "Open this user there", sag_id="${__data.fields.sag_id}",
                    user="${user:percentencode}")
    return table("Same name elsewhere",
                 "Instances in which an account of this name exists, this one included. Value: "
                 "sessions online. Click a row to open it there.",
                 rows(f"sort_desc(topk(50, {everywhere}))"), link=there,
                 width=7, empty="no such user")
