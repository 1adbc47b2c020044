//! The operations of the SAG API as typed functions.
