//! What a pod may do, and where secrets stand.

use serde_json::{Value, json};

use crate::object::Object;
use crate::pods::workload;
use crate::render::{case, cases, objects, template};

/// The restricted profile of the Pod Security Standards, and more.
#[test]
fn pods_are_restricted() {
    for (case, _) in cases() {
        let pod = workload(&objects(&case)).pod().unwrap();
        assert_eq!(
            *pod.at("/automountServiceAccountToken"),
            json!(false),
            "{case}"
        );
        assert_eq!(
            *pod.at("/securityContext/runAsNonRoot"),
            json!(true),
            "{case}"
        );
        assert_eq!(
            *pod.at("/securityContext/seccompProfile"),
            json!({"type": "RuntimeDefault"}),
            "{case}"
        );
        assert_eq!(pod.list("/containers").len(), 1, "{case}");
        assert_eq!(
            *pod.at("/containers/0/securityContext"),
            json!({
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            }),
            "{case}"
        );
        assert!(
            pod.at("/containers/0/resources/limits/memory").is_string(),
            "{case}"
        );
        for key in ["hostNetwork", "hostPID", "hostIPC"] {
            assert_eq!(*pod.at(&format!("/{key}")), Value::Null, "{case}");
        }
    }
}

/// The program warns of keys that others can read; a file system without a
/// writable place is what the container has.
#[test]
fn files_of_secrets_are_read_only_and_not_for_everybody() {
    let mut seen = 0;
    for (case, _) in cases() {
        let pod = workload(&objects(&case)).pod().unwrap();
        for volume in pod.list("/volumes") {
            let mode = &volume["secret"]["defaultMode"];
            if volume["secret"].is_null() {
                continue;
            }
            assert_eq!(*mode, json!(0o440), "{case}");
            let mut mounts = pod.list("/containers/0/volumeMounts").iter();
            let mount = mounts
                .find(|mount| mount["name"] == volume["name"])
                .unwrap();
            assert_eq!(mount["readOnly"], json!(true), "{case}");
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen} volumes");
}

#[test]
fn a_secret_stands_in_no_object_but_a_secret() {
    for (name, marked) in [
        ("keys-created", "only-an-example"),
        ("basic-auth", "$2y$10$"),
        ("mutual-tls", "RequireAndVerifyClientCert"),
    ] {
        let text = template(&[case(name)]).unwrap();
        let (secrets, others): (Vec<_>, Vec<_>) = Object::all(&text)
            .into_iter()
            .partition(|object| object.kind() == "Secret");
        assert!(format!("{secrets:?}").contains(marked), "{name}");
        assert!(!format!("{others:?}").contains(marked), "{name}");
    }
}

#[test]
fn a_network_policy_lets_in_whom_it_names_and_out_to_the_cloud() {
    let policies = |case| {
        let objects = objects(case).into_iter();
        let mut found = objects.filter(|object| object.kind() == "NetworkPolicy");
        found.next().unwrap()
    };
    let policy = policies("network-policy");
    assert_eq!(
        *policy.at("/spec/policyTypes"),
        json!(["Ingress", "Egress"])
    );
    let peers = policy.list("/spec/ingress/0/from");
    assert_eq!(peers.len(), 1);
    assert!(peers[0]["namespaceSelector"]["matchLabels"].is_object());
    let ports = policy.list("/spec/egress").iter();
    let ports: Vec<&Value> = ports.map(|rule| &rule["ports"][0]["port"]).collect();
    assert_eq!(ports, [&json!(53), &json!(443), &json!(80), &json!(3128)]);
    // An address of a server, never any other host without TLS.
    let metadata = policy.at("/spec/egress/2/to/0/ipBlock/cidr");
    assert_eq!(*metadata, json!("100.100.100.200/32"));

    let open = policies("network-policy-open");
    assert_eq!(*open.at("/spec/policyTypes"), json!(["Ingress"]));
    assert_eq!(*open.at("/spec/egress"), Value::Null);
}
