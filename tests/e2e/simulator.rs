//! The simulated cloud, in the process of the test and on a real socket.

use std::net::SocketAddr;
use std::sync::Arc;

use sag_exporter::clock::Clock;
use sag_exporter::sim::{self, Cloud, Options, Scenario, Truth};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A running simulator. It ends when this is dropped.
pub(crate) struct Simulator {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) address: SocketAddr,
    _server: JoinSet<()>,
}

impl Simulator {
    pub(crate) async fn start(options: Options) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), options)
    }

    /// Runs on a listener that the test has bound.
    pub(crate) fn on(listener: TcpListener, options: Options) -> Self {
        let address = listener.local_addr().unwrap();
        let cloud = Cloud::new(options, Clock::system()).unwrap();
        let mut server = JoinSet::new();
        server.spawn(sim::run(
            listener,
            Arc::clone(&cloud),
            CancellationToken::new(),
        ));
        Self {
            cloud,
            address,
            _server: server,
        }
    }

    /// The ids of the instances.
    pub(crate) fn sag_ids(&self) -> Vec<String> {
        self.cloud
            .instances()
            .into_iter()
            .map(|(id, _)| id)
            .collect()
    }

    /// The world as it is now.
    pub(crate) fn truth(&self) -> Truth {
        self.cloud.truth(self.cloud.now())
    }

    /// The name of a user by its place in the list.
    pub(crate) fn user(&self, sag_id: &str, place: usize) -> String {
        self.truth().instance(sag_id).unwrap().users[place]
            .name
            .clone()
    }
}

/// A world in which nothing happens unless the test makes it happen.
pub(crate) fn quiet(instances: usize, users: usize) -> Options {
    Options {
        instances,
        users,
        scenario: Scenario::Quiet,
        ..Options::default()
    }
}
