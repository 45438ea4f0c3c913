//! Where versions are kept, nothing that was stored is lost until somebody deletes that very version.

use infra_tests::blob::{BlobServer, KEPT, KEPT_KEY, has_boto3};

#[test]
fn versions_are_listed_read_and_deleted_one_by_one() {
    if !has_boto3("versions_are_listed") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEPT_KEY, KEPT).run(
        r#"
assert s3.get_bucket_versioning(Bucket=BUCKET)['Status'] == 'Enabled'
ids = [s3.put_object(Bucket=BUCKET, Key='a', Body=body)['VersionId'] for body in [b'1', b'2', b'3']]
marker = s3.delete_object(Bucket=BUCKET, Key='a')
assert marker['DeleteMarker'] is True
for call in [s3.get_object, s3.head_object]:
    try:
        call(Bucket=BUCKET, Key='a')
        raise AssertionError('it was deleted')
    except ClientError as error:
        assert error.response['Error']['Code'] in ['NoSuchKey', '404'], error
        assert error.response['ResponseMetadata']['HTTPHeaders']['x-amz-delete-marker'] == 'true', error.response
assert s3.get_object(Bucket=BUCKET, Key='a', VersionId=ids[0])['Body'].read() == b'1'
assert code(s3.get_object, Bucket=BUCKET, Key='a', VersionId=marker['VersionId']) == 'MethodNotAllowed'
assert code(s3.get_object, Bucket=BUCKET, Key='a', VersionId='none') == 'NoSuchVersion'
def all_versions():
    pages = s3.get_paginator('list_object_versions').paginate(Bucket=BUCKET, PaginationConfig={'PageSize': 2})
    found = []
    for page in pages:
        found += [(entry['VersionId'], entry['IsLatest']) for entry in page.get('DeleteMarkers', [])]
        found += [(entry['VersionId'], entry['IsLatest']) for entry in page.get('Versions', [])]
    return found
assert all_versions() == [(marker['VersionId'], True), (ids[2], False), (ids[1], False), (ids[0], False)], all_versions()
s3.copy_object(Bucket=BUCKET, Key='b', CopySource={'Bucket': BUCKET, 'Key': 'a', 'VersionId': ids[1]})
assert s3.get_object(Bucket=BUCKET, Key='b')['Body'].read() == b'2'
s3.delete_object(Bucket=BUCKET, Key='a', VersionId=marker['VersionId'])
assert s3.get_object(Bucket=BUCKET, Key='a')['Body'].read() == b'3'
s3.delete_object(Bucket=BUCKET, Key='a', VersionId=ids[2])
assert s3.get_object(Bucket=BUCKET, Key='a')['Body'].read() == b'2'
everything = boto3.resource('s3', endpoint_url=URL, region_name='us-east-1', aws_access_key_id=KEY,
                            aws_secret_access_key=SECRET).Bucket(BUCKET)
everything.object_versions.delete()
assert all_versions() == []
print('done')
"#,
    );
    assert_eq!(said, "done");
}
