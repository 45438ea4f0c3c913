//! A blob in parts is one blob when it is completed, and nothing before.

use infra_tests::blob::{BUCKET, BlobServer, KEY, has_boto3};

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
