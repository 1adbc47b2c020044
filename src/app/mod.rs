//! The running program: object graph, named tasks, pipeline, drain order.
