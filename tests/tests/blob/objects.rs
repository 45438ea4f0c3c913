//! Blobs come back as they were stored, with what was said of them.

use infra_tests::blob::{BUCKET, BlobServer, KEY, has_boto3};

#[test]
fn blobs_come_back_with_what_was_said_of_them() {
    if !has_boto3("blobs_come_back") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
put = s3.put_object(Bucket=BUCKET, Key='a/b c+ü.txt', Body=b'hello world', ContentType='text/plain',
                    CacheControl='no-cache', Metadata={'who': 'tests'})
assert put['ETag'] == '"5eb63bbbe01eeed093cb22bb8f5acdc3"', put
assert 'VersionId' not in put
got = s3.get_object(Bucket=BUCKET, Key='a/b c+ü.txt')
assert got['Body'].read() == b'hello world'
assert (got['ContentType'], got['CacheControl'], got['Metadata']) == ('text/plain', 'no-cache', {'who': 'tests'}), got
head = s3.head_object(Bucket=BUCKET, Key='a/b c+ü.txt')
assert (head['ContentLength'], head['ETag']) == (11, put['ETag']), head
for algorithm in ['CRC32', 'CRC32C', 'SHA1', 'SHA256']:
    try:
        s3.put_object(Bucket=BUCKET, Key='sum', Body=b'x', ChecksumAlgorithm=algorithm)
    except botocore.exceptions.MissingDependencyException:
        continue
    got = s3.get_object(Bucket=BUCKET, Key='sum', ChecksumMode='ENABLED')
    assert got['Body'].read() == b'x' and 'Checksum' + algorithm in got, got
assert code(s3.put_object, Bucket=BUCKET, Key='sum', Body=b'x', ChecksumCRC32='AAAAAA==') == 'BadDigest'
assert code(s3.put_object, Bucket=BUCKET, Key='sum', Body=b'x', ContentMD5='1B2M2Y8AsgTpgAmY7PhCfg==') == 'BadDigest'
assert code(s3.get_object, Bucket=BUCKET, Key='none') == 'NoSuchKey'
assert code(s3.head_object, Bucket=BUCKET, Key='none') == '404'
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn parts_of_a_blob_can_be_read() {
    if !has_boto3("parts_of_a_blob") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
body = os.urandom(1_000_000)
s3.put_object(Bucket=BUCKET, Key='big', Body=body)
def part(text):
    got = s3.get_object(Bucket=BUCKET, Key='big', Range=text)
    assert got['ResponseMetadata']['HTTPStatusCode'] == 206
    return got['ContentRange'], got['Body'].read()
assert part('bytes=0-0') == ('bytes 0-0/1000000', body[:1])
assert part('bytes=300000-799999') == ('bytes 300000-799999/1000000', body[300000:800000])
assert part('bytes=999990-') == ('bytes 999990-999999/1000000', body[999990:])
assert part('bytes=-7') == ('bytes 999993-999999/1000000', body[-7:])
assert code(s3.get_object, Bucket=BUCKET, Key='big', Range='bytes=1000000-') == 'InvalidRange'
s3.put_object(Bucket=BUCKET, Key='empty', Body=b'')
assert code(s3.get_object, Bucket=BUCKET, Key='empty', Range='bytes=-5') == 'InvalidRange'
assert s3.get_object(Bucket=BUCKET, Key='empty')['Body'].read() == b''
head = s3.head_object(Bucket=BUCKET, Key='big', Range='bytes=1-10')
assert (head['ContentLength'], head['ResponseMetadata']['HTTPStatusCode']) == (10, 206), head
assert head['ResponseMetadata']['HTTPHeaders']['content-range'] == 'bytes 1-10/1000000', head
assert s3.get_object(Bucket=BUCKET, Key='big', PartNumber=1)['Body'].read() == body
assert code(s3.get_object, Bucket=BUCKET, Key='big', PartNumber=2) == 'NotImplemented'
got = s3.get_object(Bucket=BUCKET, Key='big')
assert got['Body'].read() == body
try:
    s3.get_object(Bucket=BUCKET, Key='big', IfNoneMatch=got['ETag'])
    raise AssertionError('it was not changed')
except ClientError as error:
    answer = error.response['ResponseMetadata']
    assert (answer['HTTPStatusCode'], answer['HTTPHeaders']['etag']) == (304, got['ETag']), answer
assert code(s3.get_object, Bucket=BUCKET, Key='big', IfMatch='"other"') == 'PreconditionFailed'
assert code(s3.get_object, Bucket=BUCKET, Key='big', IfModifiedSince=got['LastModified']) == '304'
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn blobs_are_listed_copied_and_deleted() {
    if !has_boto3("blobs_are_listed") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
keys = ['a.txt', 'dir/1', 'dir/2', 'dir/sub/3', 'odd <&> \t key', 'z']
for key in keys:
    s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), ContentType='text/x', Metadata={'key': '1'})
def listed(**named):
    pages = s3.get_paginator('list_objects_v2').paginate(Bucket=BUCKET, PaginationConfig={'PageSize': 2}, **named)
    pages = list(pages)
    found = [entry['Key'] for page in pages for entry in page.get('Contents', [])]
    return found, [entry['Prefix'] for page in pages for entry in page.get('CommonPrefixes', [])]
assert listed() == (keys, []), listed()
assert listed(Delimiter='/') == (['a.txt', 'odd <&> \t key', 'z'], ['dir/']), listed(Delimiter='/')
assert listed(Prefix='dir/', Delimiter='/') == (['dir/1', 'dir/2'], ['dir/sub/'])
assert listed(StartAfter='dir/2') == (['dir/sub/3', 'odd <&> \t key', 'z'], [])
old = s3.get_paginator('list_objects').paginate(Bucket=BUCKET, PaginationConfig={'PageSize': 4})
assert [entry['Key'] for page in old for entry in page['Contents']] == keys
s3.copy_object(Bucket=BUCKET, Key='copy', CopySource={'Bucket': BUCKET, 'Key': 'dir/1'})
got = s3.get_object(Bucket=BUCKET, Key='copy')
assert (got['Body'].read(), got['ContentType'], got['Metadata']) == (b'dir/1', 'text/x', {'key': '1'})
s3.copy_object(Bucket=BUCKET, Key='copy', CopySource={'Bucket': BUCKET, 'Key': 'copy'}, MetadataDirective='REPLACE',
               ContentType='text/y', Metadata={'new': '2'}, Expires='Wed, 21 Oct 2026 07:28:00 GMT')
got = s3.get_object(Bucket=BUCKET, Key='copy')
assert got['ResponseMetadata']['HTTPHeaders']['expires'] == 'Wed, 21 Oct 2026 07:28:00 GMT', got
assert (got['Body'].read(), got['ContentType'], got['Metadata']) == (b'dir/1', 'text/y', {'new': '2'})
s3.delete_object(Bucket=BUCKET, Key='z')
s3.delete_object(Bucket=BUCKET, Key='z')
gone = s3.delete_objects(Bucket=BUCKET, Delete={'Objects': [{'Key': key} for key in keys]})
assert len(gone['Deleted']) == len(keys) and 'Errors' not in gone, gone
assert listed() == (['copy'], [])
rule, = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)['Rules']
assert rule['Expiration']['Days'] == 30, rule
assert {bucket['Name'] for bucket in s3.list_buckets()['Buckets']} == {'data', 'kept'}
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn names_in_a_list_of_deletions_are_as_short_as_others() {
    if !has_boto3("names_in_a_list") {
        return;
    }
    let mut server = BlobServer::start();
    let client = server.client(KEY, infra_tests::blob::KEPT);
    let said = client.run(
        r#"
s3.put_object(Bucket=BUCKET, Key='a', Body=b'mine')
named = [{'Key': 'k' * 1025}, {'Key': 'n' * (2 << 20)}, {'Key': 'a'}, {'Key': 'u' * 1024}]
answer = s3.delete_objects(Bucket=BUCKET, Delete={'Objects': named})
assert [error['Code'] for error in answer['Errors']] == ['KeyTooLongError'] * 2, answer
assert [len(gone['Key']) for gone in answer['Deleted']] == [1, 1024], answer
print('done')
"#,
    );
    assert_eq!(said, "done");
    // Whatever was written, the bucket opens again.
    server.kill();
    server.start_again();
    let said = client.run("print(code(s3.get_object, Bucket=BUCKET, Key='a'))");
    assert_eq!(said, "NoSuchKey");
}
