//! The running program: object graph, named tasks, pipeline, drain order.

pub mod gate;
