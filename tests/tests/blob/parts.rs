//! A blob in parts is one blob when it is completed, and nothing before.

use infra_tests::blob::{BUCKET, BlobServer, KEPT, KEY, has_boto3};

#[test]
fn a_blob_in_parts_is_one_blob_when_it_is_completed() {
    if !has_boto3("a_blob_in_parts") {
        return;
    }
    let mut server = BlobServer::start();
    let client = server.client(KEY, BUCKET);
    let said = client.run(
        r#"
from boto3.s3.transfer import TransferConfig
body = os.urandom(13 * 1024 * 1024 + 5)
parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=4)
s3.upload_fileobj(io.BytesIO(body), BUCKET, 'big', ExtraArgs={'ContentType': 'x/y'}, Config=parts)
head = s3.head_object(Bucket=BUCKET, Key='big')
sums = b''.join(hashlib.md5(body[at:at + (5 << 20)]).digest() for at in range(0, len(body), 5 << 20))
assert head['ETag'] == '"%s-3"' % hashlib.md5(sums).hexdigest(), head
assert (head['ContentLength'], head['ContentType']) == (len(body), 'x/y')
back = io.BytesIO()
s3.download_fileobj(BUCKET, 'big', back, Config=parts)
assert back.getvalue() == body
s3.copy({'Bucket': BUCKET, 'Key': 'big'}, BUCKET, 'copy', Config=parts)
assert s3.get_object(Bucket=BUCKET, Key='copy')['Body'].read() == body
begun = s3.create_multipart_upload(Bucket=BUCKET, Key='slow')['UploadId']
part = s3.upload_part(Bucket=BUCKET, Key='slow', UploadId=begun, PartNumber=1, Body=b'only')
assert code(s3.get_object, Bucket=BUCKET, Key='slow') == 'NoSuchKey'
print(begun, part['ETag'])
"#,
    );
    let (upload, etag) = said.split_once(' ').unwrap();
    // What was acknowledged of an upload survives, too.
    server.kill();
    server.start_again();
    let said = client.run(&format!(
        r#"
upload, etag = '{upload}', '{etag}'
assert [u['UploadId'] for u in s3.list_multipart_uploads(Bucket=BUCKET)['Uploads']] == [upload]
listed, = s3.list_parts(Bucket=BUCKET, Key='slow', UploadId=upload)['Parts']
assert (listed['PartNumber'], listed['ETag'], listed['Size']) == (1, etag, 4)
wrong = {{'Parts': [{{'PartNumber': 1, 'ETag': '"x"'}}]}}
assert code(s3.complete_multipart_upload, Bucket=BUCKET, Key='slow', UploadId=upload, MultipartUpload=wrong) == 'InvalidPart'
right = {{'Parts': [{{'PartNumber': 1, 'ETag': etag}}]}}
s3.complete_multipart_upload(Bucket=BUCKET, Key='slow', UploadId=upload, MultipartUpload=right)
assert s3.get_object(Bucket=BUCKET, Key='slow')['Body'].read() == b'only'
other = s3.create_multipart_upload(Bucket=BUCKET, Key='gone')['UploadId']
s3.abort_multipart_upload(Bucket=BUCKET, Key='gone', UploadId=other)
assert code(s3.upload_part, Bucket=BUCKET, Key='gone', UploadId=other, PartNumber=1, Body=b'x') == 'NoSuchUpload'
assert 'Uploads' not in s3.list_multipart_uploads(Bucket=BUCKET)
print('done')
"#
    ));
    assert_eq!(said, "done");
}

#[test]
fn whoever_completes_an_upload_again_gets_the_same_answer() {
    if !has_boto3("whoever_completes_an_upload_again") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, KEPT).run(
        r#"
begun = s3.create_multipart_upload(Bucket=BUCKET, Key='big')['UploadId']
body = os.urandom(5 << 20)
tags = [s3.upload_part(Bucket=BUCKET, Key='big', UploadId=begun, PartNumber=n, Body=body)['ETag'] for n in [1, 2]]
parts = {'Parts': [{'PartNumber': n + 1, 'ETag': tag} for n, tag in enumerate(tags)]}
complete = lambda parts: s3.complete_multipart_upload(Bucket=BUCKET, Key='big', UploadId=begun, MultipartUpload=parts)
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:
    answers = list(threads.map(complete, [parts] * 8))
assert len({answer['VersionId'] for answer in answers}) == 1, answers
assert len(s3.list_object_versions(Bucket=BUCKET)['Versions']) == 1
assert code(complete, {'Parts': parts['Parts'][:1]}) == 'NoSuchUpload'
assert code(s3.upload_part, Bucket=BUCKET, Key='big', UploadId=begun, PartNumber=3, Body=b'late') == 'NoSuchUpload'
empty = s3.list_multipart_uploads(Bucket=BUCKET, MaxUploads=0)
assert empty['IsTruncated'] is False and 'Uploads' not in empty, empty
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn a_part_is_copied_under_a_condition() {
    if !has_boto3("a_part_is_copied") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
tag = s3.put_object(Bucket=BUCKET, Key='source', Body=b'x')['ETag']
begun = s3.create_multipart_upload(Bucket=BUCKET, Key='big')['UploadId']
def copied(**condition):
    return code(s3.upload_part_copy, Bucket=BUCKET, Key='big', UploadId=begun, PartNumber=1,
                CopySource={'Bucket': BUCKET, 'Key': 'source'}, **condition)
assert copied(CopySourceIfMatch='"other"') == 'PreconditionFailed'
assert copied(CopySourceIfNoneMatch=tag) == 'PreconditionFailed'
assert 'Parts' not in s3.list_parts(Bucket=BUCKET, Key='big', UploadId=begun)
assert copied(CopySourceIfMatch=tag) == 'none'
listed = s3.list_parts(Bucket=BUCKET, Key='big', UploadId=begun, MaxParts=0)
assert listed['IsTruncated'] is False, listed
print('done')
"#,
    );
    assert_eq!(said, "done");
}
