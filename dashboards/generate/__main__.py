"""Writes the dashboards: `python dashboards/generate [FOLDER]`.

The folder is `dashboards` unless another one is given. A test compares what is
written with what is committed.
"""

import sys
from pathlib import Path

import exporter
import fleet
import instance
import user
from grafana_foundation_sdk.cog.encoder import JSONEncoder


def main(folder):
    for board in (fleet, instance, user, exporter):
        text = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(board.build())
        (folder / f"{board.__name__}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
