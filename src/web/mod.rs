//! The routes that people and Prometheus read.

pub mod guard;
