//! S3's operations, answered from buckets. What is not here answers that it is not implemented: buckets, their versioning
//! and their lifecycle belong to the stack and cannot be changed by a client.

mod convert;
mod deletions;
mod listings;
mod objects;
mod parts;
mod receive;

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use crate::keys::{Served, Tenants};
use crate::log::Log;

/// The region that the server says it is in; a client's own is not compared with it.
pub const REGION: &str = "us-east-1";

/// Answers requests.
#[derive(Clone, Debug)]
pub struct BlobService {
    tenants: Arc<Tenants>,
    log: Log,
}

impl BlobService {
    /// Returns the service for these tenants.
    #[must_use]
    pub fn new(tenants: Arc<Tenants>, log: Log) -> Self {
        Self { tenants, log }
    }

    /// Writes why the server failed, of which the client is told only what it can use.
    fn told<T>(&self, operation: &str, answered: Answer<T>) -> Answer<T> {
        if let Err(error) = &answered
            && *error.code() == S3ErrorCode::InternalError
            && let Some(cause) = error.source()
        {
            self.log.failure(operation, cause);
        }
        answered
    }

    fn served<T>(&self, request: &S3Request<T>, bucket: &str) -> S3Result<Served> {
        self.tenants.open_to(request.credentials.as_ref(), bucket)
    }
}

type Answer<T> = S3Result<S3Response<T>>;

fn answer<T>(output: T) -> Answer<T> {
    Ok(S3Response::new(output))
}

#[async_trait::async_trait]
impl S3 for BlobService {
    async fn list_buckets(&self, request: S3Request<ListBucketsInput>) -> Answer<ListBucketsOutput> {
        let names = self.tenants.buckets().into_keys();
        let own = names.filter(|name| self.served(&request, name).is_ok());
        let buckets = own.map(|name| Bucket {
            name: Some(name),
            creation_date: Some(std::time::SystemTime::UNIX_EPOCH.into()),
            ..Bucket::default()
        });
        answer(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            ..ListBucketsOutput::default()
        })
    }

    async fn create_bucket(&self, _: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
        // Whoever comes so far has a key to a bucket of this name.
        Err(s3_error!(BucketAlreadyOwnedByYou, "The stack made this bucket"))
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        self.served(&request, &request.input.bucket)?;
        answer(HeadBucketOutput {
            bucket_region: Some(REGION.to_owned()),
            ..HeadBucketOutput::default()
        })
    }

    async fn get_bucket_location(
        &self,
        _: S3Request<GetBucketLocationInput>,
    ) -> Answer<GetBucketLocationOutput> {
        answer(GetBucketLocationOutput::default())
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> Answer<GetBucketVersioningOutput> {
        let policy = self.served(&request, &request.input.bucket)?.policy;
        let enabled = || BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED);
        answer(GetBucketVersioningOutput {
            status: policy.versioning.then(enabled),
            ..GetBucketVersioningOutput::default()
        })
    }

    async fn get_bucket_lifecycle_configuration(
        &self,
        request: S3Request<GetBucketLifecycleConfigurationInput>,
    ) -> Answer<GetBucketLifecycleConfigurationOutput> {
        let policy = self.served(&request, &request.input.bucket)?.policy;
        let rule = convert::lifecycle_rule(&policy);
        let rule = rule.ok_or_else(|| s3_error!(NoSuchLifecycleConfiguration))?;
        answer(GetBucketLifecycleConfigurationOutput {
            rules: Some(vec![rule]),
            ..GetBucketLifecycleConfigurationOutput::default()
        })
    }

    async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> Answer<GetObjectTaggingOutput> {
        // The stock command line asks for them when it copies something large.
        let served = self.served(&request, &request.input.bucket)?;
        let found = served
            .bucket
            .find(&request.input.key, request.input.version_id.as_deref());
        found.map_err(convert::error)?;
        answer(GetObjectTaggingOutput::default())
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        let answered = objects::put(&self.served(&request, &request.input.bucket)?, request).await;
        self.told("PutObject", answered)
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        let answered = objects::get(&self.served(&request, &request.input.bucket)?, request).await;
        self.told("GetObject", answered)
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        objects::head(&self.served(&request, &request.input.bucket)?, &request.input)
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
        let (source, key, version) = convert::copy_source(&request.input.copy_source)?;
        let from = self.served(&request, source)?;
        let to = self.served(&request, &request.input.bucket)?;
        let answered = objects::copy(&from, (key, version), &to, &request).await;
        self.told("CopyObject", answered)
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        let answered = deletions::one(&self.served(&request, &request.input.bucket)?, request.input).await;
        self.told("DeleteObject", answered)
    }

    async fn delete_objects(&self, request: S3Request<DeleteObjectsInput>) -> Answer<DeleteObjectsOutput> {
        let answered = deletions::many(&self.served(&request, &request.input.bucket)?, request.input).await;
        self.told("DeleteObjects", answered)
    }

    async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
        answer(listings::old(
            &self.served(&request, &request.input.bucket)?,
            request.input,
        ))
    }

    async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        answer(listings::new(
            &self.served(&request, &request.input.bucket)?,
            request.input,
        )?)
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> Answer<ListObjectVersionsOutput> {
        answer(listings::versions(
            &self.served(&request, &request.input.bucket)?,
            request.input,
        ))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        let answered = parts::begin(&self.served(&request, &request.input.bucket)?, request).await;
        self.told("CreateMultipartUpload", answered)
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        let answered = parts::upload(&self.served(&request, &request.input.bucket)?, request).await;
        self.told("UploadPart", answered)
    }

    async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> Answer<UploadPartCopyOutput> {
        let (source, key, version) = convert::copy_source(&request.input.copy_source)?;
        let from = self.served(&request, source)?;
        let to = self.served(&request, &request.input.bucket)?;
        let answered = parts::upload_copy(&from, (key, version), &to, &request.input).await;
        self.told("UploadPartCopy", answered)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let answered = parts::complete(&self.served(&request, &request.input.bucket)?, request.input).await;
        self.told("CompleteMultipartUpload", answered)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        let answered = parts::abort(&self.served(&request, &request.input.bucket)?, &request.input).await;
        self.told("AbortMultipartUpload", answered)
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        let answered = parts::list(&self.served(&request, &request.input.bucket)?, request.input).await;
        self.told("ListParts", answered)
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        let answered = parts::uploads(&self.served(&request, &request.input.bucket)?, request.input).await;
        self.told("ListMultipartUploads", answered)
    }
}
