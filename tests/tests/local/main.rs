//! The local environment on real servers, as a user sees it through the binary: one file per behaviour.

mod bad_input;
mod blob;
mod change;
mod compose;
mod compose_servers;
mod concurrency;
mod crash;
mod destroy;
mod drift;
mod event_api;
mod folders;
mod pooler;
mod redis;
mod redis_cluster;
mod redis_replicas;
mod redis_tls;
mod replicated;
mod rollback;
mod rotate;
mod secrets;
mod seeds;
mod stacks;
mod stop;
mod stopped;
mod support;
mod unprivileged;
