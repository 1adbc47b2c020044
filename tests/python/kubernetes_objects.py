"""Judges Kubernetes objects: files of YAML documents, named on the command line.

Objects of Kubernetes itself are validated strictly against the schemas of its
oldest version that the chart supports and of the newest one that is known;
those of Prometheus' operator against models made from its definitions, whose
fields are all that may be there. Prints one line for each finding and how many
different objects it has seen; exits with 1 if there is a finding.
"""

import functools
import sys

import cloudcoil.models.prometheus_operator.v1 as operator
import kubernetes_validate
import yaml
from kubernetes_validate import utils

# Every object would have them read anew: 4 MB each time.
utils.schema_contents = functools.cache(utils.schema_contents)

OLDEST = "1.28"
OPERATOR = "monitoring.coreos.com/v1"


def main(paths):
    objects = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            # Most are in many files: the same text is read once.
            for text in file.read().split("\n---\n"):
                objects.setdefault(text, path)
    findings = 0
    for text, path in objects.items():
        document = yaml.load(text, Loader=yaml.CSafeLoader)
        if not document:
            continue
        name = f"{path}: {document['kind']}/{document['metadata']['name']}"
        for finding in judge(document):
            findings += 1
            print(f"{name}: {finding}")
    print(f"{len(objects)} objects")
    return 1 if findings else 0


def judge(document):
    if document["apiVersion"] == OPERATOR:
        return list(judge_operator(document))
    return list(judge_kubernetes(document))


def judge_kubernetes(document):
    for version in (OLDEST, kubernetes_validate.latest_version()):
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            where = ".".join(str(item) for item in error.path)
            yield f"Kubernetes {version}: {where}: {error.message}"
        except (
            kubernetes_validate.SchemaNotFoundError,
            kubernetes_validate.InvalidSchemaError,
        ) as error:
            yield f"Kubernetes {version}: {error.message}"


def judge_operator(document):
    model = getattr(operator, document["kind"], None)
    if model is None:
        yield f"{document['kind']} is no kind of Prometheus' operator"
        return
    try:
        read = model.model_validate(document)
    except ValueError as error:
        yield str(error).replace("\n", " ")
        return
    # The models pass over fields that they do not know: such a field is gone.
    understood = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
    yield from lost(document, understood, "")


def lost(given, understood, where):
    """The paths of what was given and not understood."""
    if isinstance(given, dict) and isinstance(understood, dict):
        for key, value in given.items():
            if key in understood:
                yield from lost(value, understood[key], f"{where}.{key}")
            else:
                yield f"the field {where}.{key} is unknown"
    elif isinstance(given, list) and isinstance(understood, list):
        for index, (one, other) in enumerate(zip(given, understood, strict=True)):
            yield from lost(one, other, f"{where}[{index}]")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
