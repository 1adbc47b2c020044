//! Users, headers and rate, over plain TCP and over TLS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::client::{Handshake, Reply, ask, get};
use crate::server::{Server, TLS};

/// Costs of 4, so that the tests are quick: of `one` and of `two: 2`.
fn users() -> String {
    let hash = |password| bcrypt::hash(password, 4).unwrap();
    format!(
        "basic_auth_users:\n  alice: {}\n  'böb': {}\n",
        hash("one"),
        hash("two: 2")
    )
}

fn authorization(user: &str, password: &str) -> String {
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {encoded}")
}

#[tokio::test]
async fn every_path_needs_a_user_with_the_right_password() {
    let server = Server::new(&users()).await;
    for path in [
        "/",
        "/metrics",
        "/-/healthy",
        "/-/ready",
        "/api/v1/sd",
        "/x",
    ] {
        let refused = get(&server, path, &[]).await;
        assert_refused(&refused, path);
        for (user, password, expected) in [
            ("alice", "one", true),
            ("böb", "two: 2", true),
            ("alice", "two: 2", false),
            ("alice", "", false),
            ("ALICE", "one", false),
            ("carol", "one", false),
            ("", "", false),
        ] {
            let reply = get(&server, path, &[&authorization(user, password)]).await;
            if expected {
                assert_eq!(reply.status, 200, "{path} {user}");
                assert_eq!(reply.body, format!("sag_page{{path={path:?}}} 1\n"));
            } else {
                assert_refused(&reply, path);
            }
        }
    }
    let refused = r#"sag_exporter_http_requests_total{code="401",handler="guard"} 36"#;
    server.until_metric(refused).await;
}

fn assert_refused(reply: &Reply, path: &str) {
    assert_eq!(reply.status, 401, "{path}");
    assert_eq!(reply.body, "Unauthorized\n", "{path}");
    let challenge = &reply.headers["www-authenticate"];
    assert!(challenge.starts_with("Basic realm="), "{challenge}");
}

#[tokio::test]
async fn users_are_asked_over_tls_too() {
    let server = Server::new(&format!("{TLS}{}", users())).await;
    let client = Handshake::with(&server);
    for (head, expected) in [
        (vec![], 401),
        (vec![authorization("alice", "one")], 200),
        (vec![authorization("alice", "two")], 401),
    ] {
        let stream = client.connect(server.address).await.unwrap();
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let reply = ask(stream, "/metrics", &head).await.unwrap();
        assert_eq!(reply.status, expected, "{head:?}");
    }
}

#[tokio::test]
async fn headers_are_on_every_answer() {
    let config = format!(
        "{}http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-XSS-Protection: 1\n    \
         Strict-Transport-Security: max-age=600\n    Content-Security-Policy: ''\n",
        users()
    );
    let server = Server::new(&config).await;
    for head in [vec![], vec![authorization("alice", "one")]] {
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let reply = get(&server, "/metrics", &head).await;
        assert_eq!(reply.headers["x-frame-options"], "deny");
        assert_eq!(reply.headers["x-xss-protection"], "1");
        assert_eq!(reply.headers["strict-transport-security"], "max-age=600");
        assert!(!reply.headers.contains_key("content-security-policy"));
    }
}

#[tokio::test]
async fn only_so_many_requests_are_answered() {
    let server = Server::new("rate_limit:\n  interval: 1h\n  burst: 3\n").await;
    let mut found = Vec::new();
    for path in ["/metrics", "/", "/-/healthy", "/metrics", "/"] {
        found.push(get(&server, path, &[]).await.status);
    }
    assert_eq!(found, [200, 200, 200, 429, 429]);
    let refused = r#"sag_exporter_http_requests_total{code="429",handler="guard"} 2"#;
    server.until_metric(refused).await;
}

#[tokio::test]
async fn guesses_count_against_the_rate() {
    let config = format!("{}rate_limit: {{interval: 1h, burst: 2}}\n", users());
    let server = Server::new(&config).await;
    let mut found = Vec::new();
    for password in ["a", "b", "one"] {
        let reply = get(&server, "/", &[&authorization("alice", password)]).await;
        found.push(reply.status);
    }
    assert_eq!(found, [401, 401, 429]);
}

#[tokio::test]
async fn a_burst_of_zero_answers_nobody_and_an_interval_of_zero_everybody() {
    for (config, expected) in [
        ("rate_limit: {interval: 1s, burst: 0}\n", 429),
        ("rate_limit: {interval: 0, burst: 0}\n", 200),
    ] {
        let server = Server::new(config).await;
        for _ in 0..10 {
            assert_eq!(get(&server, "/", &[]).await.status, expected, "{config}");
        }
    }
}

/// Password guessers must not slow down a scrape whose password is known.
#[tokio::test]
async fn guesses_do_not_hold_up_a_user_who_was_right_before() {
    let slow = bcrypt::hash("one", 4).unwrap().replacen("$04$", "$14$", 1);
    let quick = bcrypt::hash("one", 4).unwrap();
    let config = format!("basic_auth_users:\n  slow: {slow}\n  quick: {quick}\n");
    let server = Server::new(&config).await;
    let quick = authorization("quick", "one");
    assert_eq!(get(&server, "/", &[&quick]).await.status, 200);
    let mut guesses = Vec::new();
    for number in 0..40 {
        let guess = authorization("slow", &format!("guess {number}"));
        let mut stream = tokio::net::TcpStream::connect(server.address)
            .await
            .unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{guess}\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
            .await
            .unwrap();
        guesses.push(stream);
    }
    // Those for whom there is no place are told so at once.
    let busy = r#"sag_exporter_http_requests_total{code="503",handler="guard"} "#;
    server.until_metric_begins(busy).await;
    assert_eq!(get(&server, "/", &[&quick]).await.status, 200);
}
