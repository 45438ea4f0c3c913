//! What a portable size is on RDS.

use infra_model::component::Size;

/// Returns the class of machine of a size: two virtual processors with 1, 4 and 8 GiB, four with 32 GiB, sixteen with 128 GiB.
pub(super) fn class(size: Size) -> &'static str {
    match size {
        Size::Tiny => "db.t4g.micro",
        Size::Small => "db.t4g.medium",
        Size::Medium => "db.m7g.large",
        Size::Large => "db.r7g.xlarge",
        Size::Xlarge => "db.r7g.4xlarge",
    }
}
