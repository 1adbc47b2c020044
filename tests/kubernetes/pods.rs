//! How the objects of a release hold together, and what values change in them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::object::Object;
use crate::render::{cases, object, objects};

/// Whatever selects pods selects those of the release, and what is selected can
/// never change, or an upgrade fails.
#[test]
fn everything_that_selects_pods_finds_them() {
    for (case, _) in cases() {
        let objects = objects(&case);
        let workload = workload(&objects);
        let labels = workload.at("/spec/template/metadata/labels");
        let mut selected = 0;
        for object in &objects {
            let selector = match object.kind() {
                "Service" => object.at("/spec/selector"),
                "NetworkPolicy" => object.at("/spec/podSelector/matchLabels"),
                "Deployment" | "StatefulSet" | "PodDisruptionBudget" | "PodMonitor" => {
                    object.at("/spec/selector/matchLabels")
                }
                _ => continue,
            };
            assert!(
                covers(labels, selector),
                "{case}: {}: {selector}",
                object.kind()
            );
            let keys: Vec<_> = selector.as_object().unwrap().keys().collect();
            assert_eq!(
                keys,
                ["app.kubernetes.io/instance", "app.kubernetes.io/name"]
            );
            selected += 1;
        }
        assert!(selected >= 2, "{case}: {selected}");
    }
}

#[test]
fn a_service_monitor_finds_the_service_and_its_port() {
    let service = object("service-monitor", "Service");
    let monitor = object("service-monitor", "ServiceMonitor");
    let selector = monitor.at("/spec/selector/matchLabels");
    assert!(
        covers(service.at("/metadata/labels"), selector),
        "{selector}"
    );
    assert_eq!(
        service.text("/spec/ports/0/name"),
        monitor.text("/spec/endpoints/0/port")
    );
    // It stands in another namespace and has to say where the service is.
    assert_eq!(monitor.text("/metadata/namespace"), "monitoring");
    assert_eq!(
        *monitor.at("/spec/namespaceSelector/matchNames"),
        json!(["default"])
    );
    assert_eq!(
        *object("pod-monitor", "PodMonitor").at("/spec/namespaceSelector"),
        Value::Null
    );
}

#[test]
fn every_mount_has_its_volume_and_every_volume_its_mount() {
    for (case, _) in cases() {
        let workload = workload(&objects(&case));
        let pod = workload.pod().unwrap();
        let names = |items: &[Value], pointer: &str| -> BTreeSet<String> {
            let names = items.iter().map(|item| item.pointer(pointer).unwrap());
            names
                .map(|name| name.as_str().unwrap().to_owned())
                .collect()
        };
        let mut volumes = names(pod.list("/volumes"), "/name");
        volumes.extend(names(
            workload.list("/spec/volumeClaimTemplates"),
            "/metadata/name",
        ));
        let mounts = names(pod.list("/containers/0/volumeMounts"), "/name");
        assert_eq!(volumes, mounts, "{case}");
    }
}

#[test]
fn one_process_is_a_deployment_that_never_runs_twice() {
    let deployment = object("default", "Deployment");
    assert_eq!(*deployment.at("/spec/replicas"), json!(1));
    assert_eq!(deployment.text("/spec/strategy/type"), "Recreate");
    assert_eq!(object("default", "Service").text("/spec/type"), "ClusterIP");
}

#[test]
fn shards_are_a_stateful_set_whose_pods_know_their_number() {
    let set = object("shards", "StatefulSet");
    let service = object("shards", "Service");
    assert_eq!(*set.at("/spec/replicas"), json!(3));
    assert_eq!(set.text("/spec/podManagementPolicy"), "Parallel");
    assert_eq!(set.text("/spec/serviceName"), service.name());
    assert_eq!(service.text("/spec/clusterIP"), "None");
    let pod = set.pod().unwrap();
    assert!(arguments(&pod).contains(&"--sweep.shard=$(SHARD)/3".to_owned()));
    assert_eq!(
        *pod.at("/containers/0/env/0"),
        json!({"name": "SHARD", "valueFrom": {"fieldRef": {
            "fieldPath": "metadata.labels['apps.kubernetes.io/pod-index']"
        }}})
    );
}

#[test]
fn probes_ask_as_the_web_configuration_wants_to_be_asked() {
    for (case, scheme) in [("default", "HTTP"), ("tls", "HTTPS"), ("extras", "HTTP")] {
        let pod = object(case, "Deployment").pod().unwrap();
        for (probe, path) in [("liveness", "/-/healthy"), ("readiness", "/-/ready")] {
            let asked = pod.at(&format!("/containers/0/{probe}Probe/httpGet"));
            let expected = json!({"path": path, "port": "metrics", "scheme": scheme});
            assert_eq!(*asked, expected, "{case}");
        }
    }
    // A probe of the kubelet has neither a password nor a certificate.
    for case in ["basic-auth", "mutual-tls"] {
        let pod = object(case, "Deployment").pod().unwrap();
        assert_eq!(
            *pod.at("/containers/0/livenessProbe/exec/command"),
            json!([
                "/usr/bin/sag-exporter",
                "healthcheck",
                "--web.listen-address=:10724"
            ])
        );
        let ready = pod.at("/containers/0/readinessProbe/tcpSocket");
        assert_eq!(*ready, json!({"port": "metrics"}), "{case}");
    }
}

#[test]
fn a_role_comes_by_the_webhook_or_by_a_token_of_the_chart() {
    let account = object("rrsa-webhook", "ServiceAccount");
    let role = account.at("/metadata/annotations");
    assert_eq!(
        role["pod-identity.alibabacloud.com/role-name"],
        json!("sag-reader")
    );
    let labels = object("rrsa-webhook", "Deployment");
    let labels = labels.at("/spec/template/metadata/labels");
    assert_eq!(
        labels["pod-identity.alibabacloud.com/injection"],
        json!("on")
    );

    let pod = object("rrsa-token", "Deployment").pod().unwrap();
    let token = pod.list("/volumes").last().unwrap();
    assert_eq!(
        token["projected"]["sources"],
        json!([{"serviceAccountToken": {
            "path": "token", "audience": "sts.aliyuncs.com", "expirationSeconds": 7200
        }}])
    );
    let mounted = pod.list("/containers/0/volumeMounts").last().unwrap();
    let file = format!("{}/token", mounted["mountPath"].as_str().unwrap());
    let named = pod.list("/containers/0/env").iter();
    let named = named.filter(|variable| variable["name"] == "ALIBABA_CLOUD_OIDC_TOKEN_FILE");
    assert_eq!(
        named.map(|variable| &variable["value"]).collect::<Vec<_>>(),
        [&json!(file)]
    );
}

#[test]
fn what_is_remembered_is_where_the_values_say() {
    for (case, expected) in [
        (
            "state-claim",
            json!({"persistentVolumeClaim": {"claimName": "release-sag-exporter-state"}}),
        ),
        (
            "state-existing",
            json!({"persistentVolumeClaim": {"claimName": "sag-state"}}),
        ),
        (
            "state-empty-dir",
            json!({"emptyDir": {"sizeLimit": "64Mi"}}),
        ),
    ] {
        let pod = object(case, "Deployment").pod().unwrap();
        let mut volume = pod.list("/volumes").last().unwrap().clone();
        assert_eq!(
            volume.as_object_mut().unwrap().remove("name"),
            Some(json!("state"))
        );
        assert_eq!(volume, expected, "{case}");
    }
    for (case, expected) in [
        ("state-claim", "/var/lib/sag-exporter/state"),
        ("state-empty-dir", "/state/state"),
    ] {
        let map = object(case, "ConfigMap");
        let named = format!("state:\n  file: {expected}\n");
        assert!(
            map.text("/data/sag-exporter.yml").contains(&named),
            "{case}"
        );
    }
    let claim = object("state-claim", "PersistentVolumeClaim");
    assert_eq!(claim.name(), "release-sag-exporter-state");
    assert_eq!(claim.text("/spec/resources/requests/storage"), "2Gi");
}

/// The arguments of the container.
pub(crate) fn arguments(pod: &Object) -> Vec<String> {
    let arguments = pod.list("/containers/0/args").iter();
    arguments
        .map(|argument| argument.as_str().unwrap().to_owned())
        .collect()
}

/// The one Deployment or StatefulSet.
pub(crate) fn workload(objects: &[Object]) -> Object {
    let mut found = objects.iter().filter(|object| object.pod().is_some());
    match (found.next(), found.next()) {
        (Some(object), None) => object.clone(),
        other => panic!("{other:?}"),
    }
}

/// Whether labels have all that a selector wants.
fn covers(labels: &Value, selector: &Value) -> bool {
    let mut wanted = selector.as_object().unwrap().iter();
    wanted.all(|(key, value)| labels.get(key) == Some(value))
}
