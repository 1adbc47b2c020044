//! A Prometheus exporter for Alibaba Cloud Smart Access Gateway (SAG) APP.
//!
//! A tour, from the bottom of the house to its roof. A module imports only
//! modules of lower floors; `tests/tidy.rs` holds the table and checks it.
//!
//! * Floor 0, the nouns: [`model`], [`secret`], [`clock`], [`catalog`].
//! * Floor 1, what needs only nouns: [`signature`], [`pacing`], [`telemetry`],
//!   [`httpd`], [`fleet`].
//! * Floor 2, the cloud and its double: [`openapi`], [`sag`], [`sim`]; what is
//!   made of snapshots: [`rules`]; and the arithmetic of calls: [`plan`].
//! * Floor 3, the engine and its product: [`sweep`], [`exposition`]; what is
//!   kept over a restart: [`state`]; what happened between two snapshots:
//!   [`events`]; and [`doctor`], who says why things do not work.
//! * Floor 4, what people and Prometheus read: [`web`]; and who is told of events:
//!   [`delivery`].
//! * Floor 5, what people write: [`config`].
//! * Floor 6, the running program: [`app`].
//! * Floor 7, the command line: [`cli`].
//!
//! Data flows one way: configuration → signed client → sweep → observation →
//! fold → snapshot → bytes rendered once → atomic swap → web.

pub mod app;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod doctor;
pub mod events;
pub mod exposition;
pub mod fleet;
pub mod httpd;
pub mod model;
pub mod openapi;
pub mod pacing;
pub mod plan;
pub mod rules;
pub mod sag;
pub mod secret;
pub mod signature;
pub mod sim;
pub mod state;
pub mod sweep;
pub mod telemetry;
pub mod web;
