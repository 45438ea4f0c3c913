//! Waiting for proxies: they are made, changed and deleted in minutes.

use std::time::Duration;

use aws_sdk_rds::types::{DbProxy, DbProxyStatus};
use infra_provider::error::{ErrorKind, ProviderError};

use super::look;
use crate::kinds::objects::Place;
use crate::waiting;

/// How long a proxy may take.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// Waits until a proxy serves, and returns it.
pub(super) async fn available(place: &Place, name: &str) -> Result<DbProxy, ProviderError> {
    let operation = "rds.DescribeDBProxies";
    waiting::until(operation, PATIENCE, async || {
        let Some(proxy) = look::describe(place, name).await? else {
            return Ok(None);
        };
        let status = proxy.status.clone();
        match status {
            Some(DbProxyStatus::Available) => Ok(Some(proxy)),
            Some(DbProxyStatus::IncompatibleNetwork | DbProxyStatus::InsufficientResourceLimits) => {
                let status = status.as_ref().map_or("unknown", |status| status.as_str());
                let message = format!("The proxy `{name}` is `{status}`");
                let hint = "Look at its subnets and the quotas of the account, and apply again";
                Err(ProviderError::unknown(ErrorKind::Invalid, operation, message).hint(hint))
            }
            _ => Ok(None),
        }
    })
    .await
}

/// Waits until a proxy is gone.
pub(super) async fn gone(place: &Place, name: &str) -> Result<(), ProviderError> {
    waiting::until("rds.DescribeDBProxies", PATIENCE, async || {
        let proxy = look::describe(place, name).await?;
        Ok(proxy.is_none().then_some(()))
    })
    .await
}

/// Waits while a proxy is being deleted, and says whether it was.
pub(super) async fn outlasted(place: &Place, name: &str) -> Result<bool, ProviderError> {
    waiting::outlast("rds.DescribeDBProxies", PATIENCE, || async {
        let proxy = look::describe(place, name).await?;
        Ok(proxy.is_some_and(|proxy| proxy.status == Some(DbProxyStatus::Deleting)))
    })
    .await
}
