//! From YAML and flags to the options that each room owns, all errors at once.
