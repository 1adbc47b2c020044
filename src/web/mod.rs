//! The routes that people and Prometheus read.
