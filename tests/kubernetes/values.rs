//! What the schema and the templates refuse, and what they say.

use std::fs;

use crate::render::{root, template};

#[test]
fn wrong_values_are_refused_with_what_is_wrong() {
    for (values, expected) in SCHEMA.iter().chain(TEMPLATES) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("values.yaml");
        fs::write(&file, values).unwrap();
        let error = template(&[file]).expect_err(values);
        assert!(
            error.contains(expected),
            "{values}: expected {expected:?} in {error}"
        );
    }
}

#[test]
fn the_values_in_the_document_are_accepted() {
    let text = fs::read_to_string(root().join("docs/kubernetes.md")).unwrap();
    let mut blocks = 0;
    for rest in text.split("```yaml\n").skip(1) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("values.yaml");
        let block = rest.split("```").next().unwrap();
        fs::write(&file, block).unwrap();
        let made = template(&[file]);
        assert!(made.is_ok(), "{block}: {made:?}");
        blocks += 1;
    }
    assert!(blocks >= 4, "{blocks} blocks");
}

/// Of one value, by the schema.
const SCHEMA: &[(&str, &str)] = &[
    ("shard: 3", "additional properties 'shard' not allowed"),
    ("shards: 0", "at '/shards': minimum: got 0, want 1"),
    (
        "shards: 2000",
        "at '/shards': maximum: got 2,000, want 1,000",
    ),
    ("shards: three", "at '/shards': got string, want integer"),
    ("image: {digest: latest}", "at '/image/digest'"),
    ("image: {pullPolicy: Sometimes}", "at '/image/pullPolicy'"),
    ("imagePullSecrets: [registry]", "at '/imagePullSecrets/0'"),
    ("fullnameOverride: SAG_Exporter", "at '/fullnameOverride'"),
    (
        "commonLabels: {team: 5}",
        "at '/commonLabels/team': got number, want string",
    ),
    (
        "config: {accounts: null}",
        "at '/config': missing property 'accounts'",
    ),
    (
        "config: {sweeep: {}}",
        "at '/config': additional properties 'sweeep' not allowed",
    ),
    (
        "config: {accounts: [{name: a, region: cn-x, regions: [cn-x]}]}",
        "at '/config/accounts/0': additional properties 'region' not allowed",
    ),
    (
        "config: {accounts: [{name: a, regions: [r], credentials: {access_key_secret: s}}]}",
        "at '/config/accounts/0/credentials/access_key_secret'",
    ),
    (
        "config: {accounts: [{name: a, regions: [r], credentials: {security_token: s}}]}",
        "at '/config/accounts/0/credentials/security_token'",
    ),
    (
        "config: {accounts: [{name: a, regions: [r], rate: 0}]}",
        "at '/config/accounts/0/rate'",
    ),
    ("secret: {data: {\"a/b\": x}}", "invalid propertyName 'a/b'"),
    (
        "secret: {data: {key: 5}}",
        "at '/secret/data/key': got number, want string",
    ),
    (
        "secret: {existingSecret: Key_S}",
        "at '/secret/existingSecret'",
    ),
    ("rrsa: {roleArn: sag-reader}", "at '/rrsa/roleArn'"),
    (
        "rrsa: {oidcProviderArn: \"acs:ram::1:role/x\"}",
        "at '/rrsa/oidcProviderArn'",
    ),
    (
        "rrsa: {tokenExpirationSeconds: 60}",
        "minimum: got 60, want 600",
    ),
    ("state: {type: disk}", "at '/state/type'"),
    ("state: {mountPath: state}", "at '/state/mountPath'"),
    ("state: {size: much}", "at '/state/size'"),
    (
        "web: {port: 70000}",
        "at '/web/port': maximum: got 70,000, want 65,535",
    ),
    ("web: {telemetryPath: metrics}", "at '/web/telemetryPath'"),
    (
        "web: {tls: \"yes\"}",
        "at '/web/tls': got string, want boolean",
    ),
    ("web: {config: {key: a/b}}", "at '/web/config/key'"),
    ("log: {level: verbose}", "at '/log/level'"),
    ("log: {format: text}", "at '/log/format'"),
    ("extraArgs: [log.level=debug]", "at '/extraArgs/0'"),
    (
        "extraEnv: [{name: ALIBABA_CLOUD_ACCESS_KEY_SECRET, value: s}]",
        "at '/extraEnv/0': missing property 'valueFrom'",
    ),
    (
        "extraEnv: [{name: A, values: s}]",
        "additional properties 'values' not allowed",
    ),
    ("service: {type: ExternalName}", "at '/service/type'"),
    (
        "serviceMonitor: {interval: 30}",
        "at '/serviceMonitor/interval': got number, want string",
    ),
    (
        "serviceMonitor: {interval: half a minute}",
        "at '/serviceMonitor/interval'",
    ),
    ("podMonitor: {scheme: ftp}", "at '/podMonitor/scheme'"),
    (
        "prometheusRule: {runbookUrlPrefix: wiki}",
        "at '/prometheusRule/runbookUrlPrefix'",
    ),
    (
        "prometheusRule: {thresholds: [{name: stale_sweeps}]}",
        "at '/prometheusRule/thresholds/0': missing property 'value'",
    ),
    (
        "dashboards: {labels: {grafana_dashboard: 1}}",
        "at '/dashboards/labels/grafana_dashboard'",
    ),
    (
        "networkPolicy: {from: {}}",
        "at '/networkPolicy/from': got object, want array",
    ),
    (
        "podDisruptionBudget: {maxUnavailable: 0}",
        "at '/podDisruptionBudget/maxUnavailable'",
    ),
    (
        "resources: {limit: {}}",
        "at '/resources': additional properties 'limit' not allowed",
    ),
    (
        "updateStrategy: {type: Replace}",
        "at '/updateStrategy/type'",
    ),
    (
        "probes: {startup: {}}",
        "at '/probes': additional properties 'startup' not allowed",
    ),
];

/// Of several values together, by the templates. What excludes each other is
/// with the cases.
const TEMPLATES: &[(&str, &str)] = &[
    (
        "rrsa: {roleArn: \"acs:ram::1:role/x\"}",
        "roleArn and oidcProviderArn need each other",
    ),
    (
        "web: {tls: true}",
        "web: tls, basicAuth and clientCertificates need web.config",
    ),
    (
        "web: {clientCertificates: true, config: {existingSecret: s}}",
        "web.clientCertificates: expected web.tls too",
    ),
    (
        "web: {config: {data: {other.yml: \"\"}}}",
        "web.config.data: expected the file web.yml that web.config.key names",
    ),
    (
        "prometheusRule: {thresholds: [{name: stale, value: 1}]}",
        "thresholds.rules.yml has no stale with the labels {}",
    ),
    (
        "prometheusRule: {thresholds: [{name: stale_seconds, labels: {collector: x}, value: 1}]}",
        "thresholds.rules.yml has no stale_seconds with the labels {\"collector\":\"x\"}",
    ),
    (
        "prometheusRule: {disabledAlerts: [SagDormant]}",
        "prometheusRule.disabledAlerts: there is no alert SagDormant",
    ),
];
