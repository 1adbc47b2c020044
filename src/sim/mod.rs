//! The simulator: a cloud on loopback.
