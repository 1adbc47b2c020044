//! Signatures V3 and V1 of the cloud's RPC API.
