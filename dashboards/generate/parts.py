"""What the dashboards have in common: variables, links, panels, selectors.

A panel is made by one call that has everything a reader needs (title, what it
means, unit), so that none of it can be forgotten.
"""

from grafana_foundation_sdk.builders import (
    common as common_builders,
    dashboard as builders,
    prometheus as prometheus_builders,
    stat as stat_builders,
    table as table_builders,
    timeseries as timeseries_builders,
)
from grafana_foundation_sdk.models import common, dashboard as models, prometheus

# The uids are part of every link that somebody has kept: never change them.
FLEET, INSTANCE, USER, EXPORTER = "sag-fleet", "sag-instance", "sag-user", "sag-exporter"
TITLES = {
    FLEET: "SAG / Fleet",
    INSTANCE: "SAG / Instance",
    USER: "SAG / User",
    EXPORTER: "SAG / Exporter",
}

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

# Colours have one meaning: red and orange are for what somebody should look at,
# green for what was checked and is well, blue for what is neither.
GOOD, WARN, BAD, NEUTRAL, OTHER, FAINT = "green", "orange", "red", "blue", "purple", "#808080"

DAY, MINUTE = 86_400, 60


# --- selectors -------------------------------------------------------------


def fleet(family, more="", offset=""):
    """The series of the instances that are chosen."""
    return select(family, 'sag_id=~"$sag_id"', more) + offset


def instance(family, more="", offset=""):
    """The series of the one instance that is chosen."""
    return select(family, 'sag_id="$sag_id"', more) + offset


def user(family, more=""):
    """The series of the one user that is chosen."""
    return instance(family, ", ".join(filter(None, ['user="$user"', more])))


def process(family, more=""):
    """The series of the exporters as processes."""
    return select(family, more)


def cloud(family, more=""):
    """The series of the exporters by cloud account."""
    return select(family, 'account=~"$account"', more)


def select(family, *matchers):
    """The series of the chosen jobs, which every selector asks for."""
    return family + "{" + ", ".join(filter(None, ['job=~"$job"', *matchers])) + "}"


def one(selector, *labels):
    """One series for each instance, however many replicas publish it."""
    return f"max by ({', '.join(['sag_id', *labels])}) ({selector})"


def named(expression, info):
    """The same series with the name that people gave the instance."""
    name = f"topk by (sag_id) (1, {one(info, 'name')})"
    return f"({expression}) * on (sag_id) group_left (name) {name}"


def bits(selector):
    """Bandwidth is sold in bits; the metrics have bytes, as all of Prometheus."""
    return f"8 * {selector}"


# --- queries ---------------------------------------------------------------


def over_time(expression, legend, ref="A"):
    """The shown time, a line for each series."""
    query = prometheus_builders.Dataquery().expr(expression).range()
    return query.legend_format(legend).ref_id(ref).datasource(DATASOURCE)


def now(expression):
    """Only the present: a value that is no longer known must not stay."""
    query = prometheus_builders.Dataquery().expr(expression).instant()
    return query.legend_format("__auto").ref_id("A").datasource(DATASOURCE)


def rows(expression):
    """Only the present, a row for each series."""
    return now(expression).format(prometheus.PromQueryFormat.TABLE)


def or_none(expression, label, zero):
    """The series, or one of value 0 that is called none: well is not empty."""
    nothing = f'label_replace({zero}, "{label}", "none", "", "")'
    return f"{expression}\n  or ({nothing} unless on () {expression})"


def with_label(expression, label, texts, *by):
    """Adds a label whose value is what `texts` gives, so that one query makes a
    whole row of a table. What `texts` says nothing of is left out."""
    on = f"on ({', '.join(by)})"
    return f"{expression}\n  + {on} group_left ({label}) 0 * ({texts})"


def yes_no(label, flag):
    """The series of a flag with a word for its value."""
    return (f'label_replace({flag} == 1, "{label}", "yes", "", "") '
            f'or label_replace({flag} == 0, "{label}", "no", "", "")')


# --- panels ----------------------------------------------------------------


def stat(title, meaning, query, *, unit="locale", decimals=None, steps=None, mapping=None,
         empty="no data", width=6, height=3, link=None):
    panel = stat_builders.Panel().graph_mode(common.BigValueGraphMode.NONE)
    panel = panel.color_mode(common.BigValueColorMode.VALUE)
    panel = panel.reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
    panel = furnish(panel, title, meaning, [query], unit, decimals, width, height)
    return judge(panel, steps or {None: NEUTRAL}, mapping, link).no_value(empty)


def graph(title, meaning, queries, *, unit="locale", decimals=None, width=12, height=8,
          stacked=False, fill=10, stepped=False, minimum=0, maximum=None, colours=None,
          dashed=(), link=None, empty="no data"):
    panel = timeseries_builders.Panel().fill_opacity(fill).line_width(1)
    panel = panel.show_points(common.VisibilityMode.AUTO).span_nulls(False)
    legend = common_builders.VizLegendOptions().show_legend(True)
    legend = legend.display_mode(common.LegendDisplayMode.LIST)
    panel = panel.legend(legend.placement(common.LegendPlacement.BOTTOM))
    tooltip = common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    panel = panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING))
    if stacked:
        stacking = common_builders.StackingConfig().mode(common.StackingMode.NORMAL)
        # Without lines: that of a series at 0 would lie on top of all others.
        panel = panel.stacking(stacking.group("A")).line_width(0).fill_opacity(60)
    if stepped:
        panel = panel.line_interpolation(common.LineInterpolation.STEP_AFTER)
    panel = furnish(panel, title, meaning, queries, unit, decimals, width, height)
    panel = panel.no_value(empty).min(minimum)
    if maximum is not None:
        panel = panel.max(maximum)
    if link:
        panel = panel.data_links([link])
    for name, colour in (colours or {}).items():
        panel = panel.with_override(names(name), drawn(colour, name in dashed))
    return panel


def table(title, meaning, query, *, link=None, texts=(), coloured=(), width=12, height=8,
          empty="none"):
    """A table of one query: its labels in the order of their names, then its value.

    The unit is "string" because a unit is applied to labels as well: a user whose
    name is a telephone number would be shown as so many years. Hence queries
    round, and titles say in what the value is.
    """
    panel = table_builders.Panel()
    panel = furnish(panel, title, meaning, [query], "string", None, width, height)
    panel = panel.no_value(empty).mappings(list(texts))
    if link:
        panel = panel.data_links([link])
    panel = panel.with_override(names("Time"), [set_to("custom.hideFrom", HIDDEN)])
    if coloured:
        by_value = [set_to("color", {"mode": "thresholds"}),
                    set_to("custom.cellOptions", {"type": "color-text"})]
        panel = panel.with_override(names(*coloured), by_value)
        panel = panel.thresholds(thresholds({None: "text"}))
    return panel


def furnish(panel, title, meaning, queries, unit, decimals, width, height):
    """What every panel must have."""
    panel = panel.title(title).description(meaning).datasource(DATASOURCE)
    panel = panel.targets(queries).unit(unit).span(width).height(height)
    return panel if decimals is None else panel.decimals(decimals)


def judge(panel, steps, mapping, link):
    panel = panel.thresholds(thresholds(steps_above_nothing(steps)))
    colour = builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)
    panel = panel.color_scheme(colour)
    if mapping:
        panel = panel.mappings([mapped(mapping)])
    return panel.data_links([link]) if link else panel


def steps_above_nothing(steps):
    """A missing value has the colour of the lowest step, which must not be one
    that says well or bad of a value that is not known."""
    lowest = steps[None]
    rest = {value: colour for value, colour in steps.items() if value is not None}
    return {None: NEUTRAL, -1e9: lowest, **rest} if lowest in (GOOD, BAD) else steps


def thresholds(steps):
    """From `{None: GOOD, 1: WARN}`: good from the bottom, orange from 1 on."""
    made = [models.Threshold(value=value, color=colour) for value, colour in steps.items()]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def mapped(mapping):
    """From `{"0": ("no", BAD)}`: 0 is shown as a red "no"."""
    return models.ValueMap(
        options={
            value: models.ValueMappingResult(text=text, color=colour, index=place)
            for place, (value, (text, colour)) in enumerate(mapping.items())
        }
    )


def spans(steps):
    """From `{None: GOOD, 1: WARN}`: what is below 1 is green, the rest orange."""
    ends = [float(end) for end in steps if end is not None] + [1e12]
    begins = [-1e12, *ends]
    return [
        models.RangeMap(
            options=models.DashboardRangeMapOptions(
                from_val=begin, to=end, result=models.ValueMappingResult(color=colour)
            )
        )
        for begin, end, colour in zip(begins, ends, steps.values())
    ]


def not_a_number(text):
    """What is known to be unknown."""
    return models.SpecialValueMap(
        options=models.DashboardSpecialValueMapOptions(
            match=models.SpecialValueMatch.NA_N,
            result=models.ValueMappingResult(text=text, color=BAD),
        )
    )


# --- overrides -------------------------------------------------------------

# Matchers and values here are objects: the published schema of dashboards
# allows nothing else, although Grafana does.
HIDDEN = {"viz": True, "legend": True, "tooltip": True}


def names(*chosen):
    options = {"mode": "include", "names": list(chosen), "prefix": "", "readOnly": False}
    return models.MatcherConfig(id_val="byNames", options=options)


def set_to(name, value):
    return models.DynamicConfigValue(id_val=name, value=value)


def drawn(colour, is_dashed):
    properties = [set_to("color", {"mode": "fixed", "fixedColor": colour})]
    if is_dashed:
        properties.append(set_to("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}))
    return properties


# --- links -----------------------------------------------------------------


def link_to(uid, title, **chosen):
    """A link from a row or a line. It keeps the time and what was chosen before."""
    kept = [name for name in ("datasource", "job", "account", "region", "sag_id")
            if name not in chosen]
    parts = [f"${{{name}:queryparam}}" for name in kept]
    parts += [f"var-{name}={value}" for name, value in chosen.items()]
    url = f"/d/{uid}?" + "&".join([*parts, "${__url_time_range}"])
    link = builders.DashboardLink(title).type(models.DashboardLinkType.LINK)
    return link.url(url)


# --- the dashboard ---------------------------------------------------------


def dashboard(uid, description, variables, sections):
    """A whole dashboard of sections: a title and the panels below it."""
    board = builders.Dashboard(TITLES[uid]).uid(uid).description(description)
    board = board.tags(["sag-exporter"]).readonly().timezone("browser")
    board = board.tooltip(models.DashboardCursorSync.CROSSHAIR)
    board = board.time("now-1h", "now").refresh("30s")
    for variable in variables:
        board = board.with_variable(variable)
    for other, title in TITLES.items():
        if other != uid:
            board = board.link(neighbour(other, title))
    number = 0
    for title, panels in sections:
        number += 1
        board = board.with_row(builders.Row(title).id(number))
        for panel in panels:
            number += 1
            board = board.with_panel(panel.id(number))
    return board.build()


def neighbour(uid, title):
    link = builders.DashboardLink(title).type(models.DashboardLinkType.LINK)
    link = link.url(f"/d/{uid}").icon("dashboard").tooltip(f"{title}, as chosen here")
    return link.include_vars(True).keep_time(True)


def variables(one_instance, user_variable):
    """The variables, the same names everywhere, so that links carry all of them."""
    # Raw strings of PromQL with the values as regular expressions: a name may
    # hold what a quoted string would have to escape.
    job, account, region = (f"{name}=~`${{{name}:regex}}`" for name in ("job", "account", "region"))
    info = "sag_instance_info"
    # An exporter without instances is a job and has accounts, too.
    jobs = '{__name__=~"sag_up|sag_exporter_build_info"}'
    accounts = f'{{__name__=~"sag_instance_info|sag_exporter_sweeps_total", {job}}}'
    regions = f"{info}{{{job}, {account}}}"
    instances = f"{info}{{{job}, {account}, {region}}}"
    return [
        builders.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        many("job", "Job", f"label_values({jobs}, job)").all_value(".+"),
        many("account", "Cloud account", f"label_values({accounts}, account)")
        .all_value(".*"),
        many("region", "Region", f"label_values({regions}, region)").all_value(".*"),
        # No value for "All": it must mean the instances of the account and the
        # region that are chosen, hence their list.
        (single if one_instance else many)(
            "sag_id", "Instance", f"label_values({instances}, sag_id)"
        ),
        user_variable,
    ]


def many(name, label, query):
    every = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    return chooser(name, label, query).multi(True).include_all(True).current(every)


def single(name, label, query):
    return chooser(name, label, query).multi(False).include_all(False)


def chooser(name, label, query):
    variable = builders.QueryVariable(name).label(label).query(query).datasource(DATASOURCE)
    variable = variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return variable.sort(models.VariableSort.ALPHABETICAL_ASC)


def typed_user(label="User"):
    """A field to type into: no list of names of the whole fleet is ever loaded."""
    return builders.TextBoxVariable("user").label(label).default_value("")


def carried_user():
    """Not shown; it brings the user from one dashboard to the next."""
    return typed_user().hide(models.VariableHide.HIDE_VARIABLE)
