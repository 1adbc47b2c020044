"""How long Prometheus takes for the queries of the dashboards.

Usage: dashboards.py [PROGRAM | URL OF A PROMETHEUS] [SECONDS]
Starts PROGRAM (target/release/sag-exporter) as a demo with ten instances of
2,000 users and Debian's Prometheus over it, lets both run for SECONDS (3600), and
then asks every query as its panel does over the last hour, seven times. Prints
the slowest queries with the median and the maximum of their times and the
samples that Prometheus reads for them.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target/release/sag-exporter")
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 3600.0
INSTANCES, USERS, TIMES, SHOWN = 10, 2000, 7, 12
LISTENING = re.compile(r'msg="Listening on" address=(\S+)')


def main():
    if PROGRAM.startswith("http"):
        measure(f"{PROGRAM}/api/v1/")
        return
    with tempfile.TemporaryDirectory() as folder:
        demo = start([PROGRAM, "demo", "--web.listen-address=127.0.0.1:0",
                      f"--sim.instances={INSTANCES}", f"--sim.users={USERS}"], "stdout")
        try:
            target = wait_for(demo.stdout, re.compile(r"http://(\S+)/metrics"))
            prometheus = start_prometheus(Path(folder), target)
            try:
                address = wait_for(prometheus.stderr, LISTENING)
                time.sleep(SECONDS)
                measure(f"http://{address}/api/v1/")
            finally:
                stop(prometheus)
        finally:
            stop(demo)


def start(command, kept):
    outputs = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, text=True, **{**outputs, kept: subprocess.PIPE})


def start_prometheus(folder, target):
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 15s, scrape_timeout: 15s}\n"
        "scrape_configs:\n"
        f"- {{job_name: sag, static_configs: [{{targets: ['{target}']}}]}}\n"
    )
    return start(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                  "--web.listen-address=127.0.0.1:0"], "stderr")


def wait_for(lines, pattern):
    for line in lines:
        if found := pattern.search(line):
            return found[1]
    raise SystemExit("a program ended before it listened")


def stop(process):
    process.terminate()
    process.wait(timeout=60)


def measure(api):
    ids = sorted(each["metric"]["sag_id"] for each in ask(api, "query", query="sag_up")["result"])
    found = ask(api, "query", query="sag_user_anomaly")["result"]
    someone = found[0]["metric"]
    results = sorted(
        (timed(api, panel, target, fill(board, target["expr"], ids, someone))
         for board in boards() for panel in board["panels"] for target in panel.get("targets", [])),
        reverse=True,
    )
    users = ask(api, "query", query="sum(sag_client_users)")["result"][0]["value"][1]
    print(f"{len(results)} queries; {users} users; the slowest:")
    for median, worst, samples, name in results[:SHOWN]:
        print(f"{median * 1000:8.1f} ms median {worst * 1000:8.1f} ms at most {samples:9} samples  {name}")


def boards():
    return [json.loads(path.read_text()) for path in sorted((ROOT / "dashboards").glob("*.json"))]


def fill(board, expression, ids, someone):
    several = next(each for each in board["templating"]["list"] if each["name"] == "sag_id")["multi"]
    values = {
        "$__rate_interval": "60s",
        "$job": ".+",
        "$account": ".*",
        "$sag_id": "|".join(ids) if several else someone["sag_id"],
        "$user": someone["user"],
        # There is no last week here; the same number of samples is read.
        "offset 1w": "offset 1s",
    }
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression


def timed(api, panel, target, expression):
    end = time.time()
    moment = {"time": end} if target["instant"] else {"start": end - 3600, "end": end, "step": 15}
    path = "query" if target["instant"] else "query_range"
    times = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        answer = ask(api, path, query=expression, stats="all", **moment)
        times.append(time.perf_counter() - begin)
    samples = answer["stats"]["samples"]["totalQueryableSamples"]
    return statistics.median(times), max(times), samples, panel["title"]


def ask(api, path, **parameters):
    body = urllib.parse.urlencode(parameters).encode()
    with urllib.request.urlopen(api + path, body) as answer:
        return json.load(answer)["data"]


main()
