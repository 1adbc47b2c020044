"""How long Prometheus takes for the queries of the dashboards.

Usage: dashboards.py [PROGRAM] [SECONDS]
       dashboards.py URL PID
Starts PROGRAM (target/release/sag-exporter) as a demo with ten instances of
2,000 users and Debian's Prometheus over it, lets both run for SECONDS (3600), and
then asks every query as its panel does over the last hour, seven times. Prints
the slowest queries with the least, the median and the greatest of their times, the
time of processors that Prometheus spent on one, which does not depend on what
else the machine does, and the samples that it reads. The second form asks a
Prometheus that runs already.
"""

import json
import os
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
        measure(f"{PROGRAM}/api/v1/", int(SECONDS))
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
                measure(f"http://{address}/api/v1/", prometheus.pid)
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


def measure(api, pid):
    while not (found := ask(api, "query", query="sag_user_anomaly")["result"]):
        time.sleep(1)
    someone = found[0]["metric"]
    ids = sorted(each["metric"]["sag_id"] for each in ask(api, "query", query="sag_up")["result"])
    results = sorted(
        (timed(api, pid, panel, target, fill(board, target["expr"], ids, someone))
         for board in boards() for panel in board["panels"] for target in panel.get("targets", [])),
        reverse=True,
    )
    users = ask(api, "query", query="sum(sag_client_users)")["result"][0]["value"][1]
    print(f"{len(results)} queries; {users} users; the slowest:")
    print("   least  median greatest processors   samples")
    for median, least, worst, spent, samples, name in results[:SHOWN]:
        times = "".join(f"{each * 1000:9.1f}" for each in (least, median, worst, spent))
        print(f"{times} ms {samples:7}  {name}")


def boards():
    return [json.loads(path.read_text()) for path in sorted((ROOT / "dashboards").glob("*.json"))]


def fill(board, expression, ids, someone):
    variables = {each["name"]: each for each in board["templating"]["list"]}
    several = variables["sag_id"]["multi"]
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


def timed(api, pid, panel, target, expression):
    end = time.time()
    moment = {"time": end} if target["instant"] else {"start": end - 3600, "end": end, "step": 15}
    path = "query" if target["instant"] else "query_range"
    times, before = [], processors(pid)
    for _ in range(TIMES):
        begin = time.perf_counter()
        answer = ask(api, path, query=expression, stats="all", **moment)
        times.append(time.perf_counter() - begin)
    spent = (processors(pid) - before) / TIMES
    samples = answer["stats"]["samples"]["totalQueryableSamples"]
    return statistics.median(times), min(times), max(times), spent, samples, panel["title"]


def processors(pid):
    """Seconds that the processors have spent on a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(api, path, **parameters):
    body = urllib.parse.urlencode(parameters).encode()
    with urllib.request.urlopen(api + path, body) as answer:
        return json.load(answer)["data"]


main()
