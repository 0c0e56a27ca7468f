//! Real requests to an API on loopback.

mod api;
mod faults;
mod pages;
