"""Reads an exposition with the parser of prometheus_client.

The text format comes in on standard input. Out goes one JSON array of samples,
each a name, its labels and its value, in the order of the exposition.
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families


def main():
    text = sys.stdin.buffer.read().decode("utf-8")
    samples = [
        [sample.name, sample.labels, str(sample.value)]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    json.dump(samples, sys.stdout)


main()
