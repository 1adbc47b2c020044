//! The HTTP server under every page: accept loop, limits, drain.
