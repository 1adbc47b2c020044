"""Writes the dashboards: `python dashboards/generate [FOLDER]`.

Without a folder they go to `dashboards` and into the chart of Helm, which can
only read files of its own. Tests compare what is written with what is committed.
"""

import sys
from pathlib import Path

import exporter
import fleet
import instance
import user
from grafana_foundation_sdk.cog.encoder import JSONEncoder

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [ROOT / "dashboards", ROOT / "deploy/helm/sag-exporter/files/dashboards"]


def main(folders):
    for board in (fleet, instance, user, exporter):
        text = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(board.build())
        for folder in folders:
            (folder / f"{board.__name__}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main([Path(folder) for folder in sys.argv[1:]] or FOLDERS)
