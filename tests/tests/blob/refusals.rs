//! Whoever has no key, another key, or only a copy of an old request gets nothing.

use infra_tests::blob::{BUCKET, BlobServer, KEPT_KEY, KEY, has_boto3};

#[test]
fn requests_without_a_good_signature_are_refused() {
    if !has_boto3("requests_without_a_good_signature") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
s3.put_object(Bucket=BUCKET, Key='a', Body=b'mine')
get = lambda who: code(who.get_object, Bucket=BUCKET, Key='a')
assert get(client()) == 'none'
assert get(client(secret='wrong')) == 'SignatureDoesNotMatch'
assert get(client(key='AKIDNONE')) == 'InvalidAccessKeyId'
assert get(client(signature_version=botocore.UNSIGNED)) == 'AccessDenied'
assert get(client(signature_version='s3')) == 'InvalidRequest'
assert code(client(signature_version=botocore.UNSIGNED).put_object, Bucket=BUCKET, Key='a', Body=b'theirs') == 'AccessDenied'
assert code(client(signature_version=botocore.UNSIGNED).list_buckets) == 'AccessDenied'
assert s3.get_object(Bucket=BUCKET, Key='a')['Body'].read() == b'mine'
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn a_key_opens_its_own_buckets_only() {
    if !has_boto3("a_key_opens") {
        return;
    }
    let server = BlobServer::start();
    let both = server.client(KEY, BUCKET);
    let said = both.run("s3.put_object(Bucket=BUCKET, Key='a', Body=b'mine'); print('done')");
    assert_eq!(said, "done");
    let said = server.client(KEPT_KEY, BUCKET).run(
        r#"
for call in [s3.get_object, s3.head_object, s3.delete_object]:
    assert code(call, Bucket=BUCKET, Key='a') in ['AccessDenied', '403'], call
for call in [s3.list_objects_v2, s3.list_object_versions, s3.get_bucket_versioning, s3.create_bucket, s3.delete_bucket]:
    assert code(call, Bucket=BUCKET) == 'AccessDenied', call
assert code(s3.put_object, Bucket=BUCKET, Key='b', Body=b'') == 'AccessDenied'
assert code(s3.copy_object, Bucket='kept', Key='stolen', CopySource={'Bucket': BUCKET, 'Key': 'a'}) == 'AccessDenied'
begun = s3.create_multipart_upload(Bucket='kept', Key='stolen')['UploadId']
assert code(s3.upload_part_copy, Bucket='kept', Key='stolen', UploadId=begun, PartNumber=1,
            CopySource={'Bucket': BUCKET, 'Key': 'a'}) == 'AccessDenied'
assert [bucket['Name'] for bucket in s3.list_buckets()['Buckets']] == ['kept']
assert code(s3.get_object, Bucket='no-such-bucket', Key='a') == 'AccessDenied'
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn what_was_signed_long_ago_or_for_something_else_is_refused() {
    if !has_boto3("what_was_signed_long_ago") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
import datetime, urllib.request, urllib.error
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
def signed(minutes, method='PUT', body=b'replayed'):
    '''A request as it was signed some minutes ago.'''
    request = AWSRequest(method=method, url=f'{URL}/{BUCKET}/a', data=body)
    real = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *a, **k: real(*a, **k) - datetime.timedelta(minutes=minutes)
    try:
        S3SigV4Auth(Credentials(KEY, SECRET), 's3', 'us-east-1').add_auth(request)
    finally:
        botocore.auth.get_current_datetime = real
    return request
def send(request, body=None, method=None, url=None):
    sent = urllib.request.Request(url or request.url, data=body if body is not None else request.data,
                                  method=method or request.method, headers=dict(request.headers.items()))
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, ''
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
fresh = signed(0)
assert send(fresh)[0] == 200
assert send(signed(14))[0] == 200
for minutes in [16, 24 * 60, -16]:
    status, text = send(signed(minutes))
    assert status == 403 and 'RequestTimeTooSkewed' in text, (minutes, status, text)
s3.put_object(Bucket=BUCKET, Key='a', Body=b'newest')
status, text = send(fresh, body=b'tampered')
assert status >= 400, (status, text)
status, text = send(fresh, url=f'{URL}/{BUCKET}/other')
assert status == 403 and 'SignatureDoesNotMatch' in text, (status, text)
status, text = send(fresh, method='DELETE')
assert status == 403, (status, text)
assert s3.get_object(Bucket=BUCKET, Key='a')['Body'].read() == b'newest'
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn a_signed_url_works_until_it_expires() {
    if !has_boto3("a_signed_url") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
import datetime, urllib.request, urllib.error
def fetch(url, **named):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **named)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
v4 = client(signature_version='s3v4')
s3.put_object(Bucket=BUCKET, Key='a b', Body=b'mine')
url = v4.generate_presigned_url('get_object', Params={'Bucket': BUCKET, 'Key': 'a b'}, ExpiresIn=60)
assert fetch(url) == (200, b'mine')
assert fetch(url.replace('a%20b', 'other'))[0] == 403
assert fetch(url, method='DELETE')[0] == 403
put = v4.generate_presigned_url('put_object', Params={'Bucket': BUCKET, 'Key': 'up'}, ExpiresIn=60)
assert fetch(put, data=b'from outside', method='PUT')[0] == 200
assert s3.get_object(Bucket=BUCKET, Key='up')['Body'].read() == b'from outside'
real = botocore.auth.get_current_datetime
botocore.auth.get_current_datetime = lambda *a, **k: real(*a, **k) - datetime.timedelta(seconds=61)
late = v4.generate_presigned_url('get_object', Params={'Bucket': BUCKET, 'Key': 'a b'}, ExpiresIn=60)
botocore.auth.get_current_datetime = real
status, text = fetch(late)
assert status == 403 and b'expired' in text, (status, text)
# The old form, which the stock command line makes by default, says when it ends, too.
old = client(signature_version='s3')
sign = lambda seconds: old.generate_presigned_url('get_object', Params={'Bucket': BUCKET, 'Key': 'a b'}, ExpiresIn=seconds)
assert 'AWSAccessKeyId' in sign(60)
assert fetch(sign(60)) == (200, b'mine')
assert fetch(sign(60).replace('a%20b', 'up'))[0] == 403
status, text = fetch(sign(-1))
assert status == 403, (status, text)
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn a_header_that_was_not_signed_makes_no_other_operation() {
    if !has_boto3("a_header_that_was_not_signed") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
import urllib.request, urllib.error
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
def send(url, headers, data=b'', method='PUT'):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method, headers=headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
s3.put_object(Bucket=BUCKET, Key='private/secret', Body=b'secret')
v4 = client(signature_version='s3v4')
url = v4.generate_presigned_url('put_object', Params={'Bucket': BUCKET, 'Key': 'uploads/u1'}, ExpiresIn=60)
theft = {'x-amz-copy-source': f'{BUCKET}/private/secret'}
status, text = send(url, theft)
assert status == 403 and b'x-amz-copy-source' in text, (status, text)
status, text = send(url, {'x-amz-meta-who': 'else'})
assert status == 403, (status, text)
assert code(s3.get_object, Bucket=BUCKET, Key='uploads/u1') == 'NoSuchKey'
captured = AWSRequest(method='PUT', url=f'{URL}/{BUCKET}/uploads/u1', data=b'')
S3SigV4Auth(Credentials(KEY, SECRET), 's3', 'us-east-1').add_auth(captured)
headers = dict(captured.headers.items())
status, text = send(captured.url, {**headers, **theft})
assert status == 403, (status, text)
widened = headers['Authorization'].replace('x-amz-date', 'x-amz-date;X-Amz-Copy-Source')
status, text = send(captured.url, {**headers, **theft, 'Authorization': widened})
assert status == 403, (status, text)
assert send(captured.url, headers)[0] == 200
# What was signed is done, as before.
meta = v4.generate_presigned_url('put_object', Params={'Bucket': BUCKET, 'Key': 'm', 'Metadata': {'who': 'me'}}, ExpiresIn=60)
assert send(meta, {'x-amz-meta-who': 'me', 'content-type': 'a/b'})[0] == 200
assert s3.head_object(Bucket=BUCKET, Key='m')['Metadata'] == {'who': 'me'}
long = v4.generate_presigned_url('get_object', Params={'Bucket': BUCKET, 'Key': 'm'}, ExpiresIn=604801)
assert send(long, {}, None, 'GET')[0] == 403
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn a_form_is_refused_before_it_is_read() {
    if !has_boto3("a_form_is_refused") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
import socket
host, port = URL.removeprefix('http://').split(':')
# A thousand million bytes are announced and hardly any sent: only a server that does not wait for them answers.
with socket.create_connection((host, int(port)), timeout=20) as sent:
    sent.sendall(f'POST /{BUCKET} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-length: 1000000000\r\n'
                 'content-type: Multipart/Form-Data; boundary=x\r\n\r\n--x\r\n'.encode())
    answer = b''
    while more := sent.recv(65536):
        answer += more
assert answer.startswith(b'HTTP/1.1 501'), answer
assert b'connection: close' in answer.lower() and b'NotImplemented' in answer, answer
print('done')
"#,
    );
    assert_eq!(said, "done");
}

#[test]
fn what_is_not_there_is_not_pretended() {
    if !has_boto3("what_is_not_there") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
import urllib.request, urllib.error
put = lambda **named: code(s3.put_object, Bucket=BUCKET, Key='a', Body=b'x', **named)
assert put(Tagging='a=b') == 'NotImplemented'
assert put(ObjectLockMode='GOVERNANCE', ObjectLockRetainUntilDate=2e9) == 'NotImplemented'
assert put(WebsiteRedirectLocation='/b') == 'NotImplemented'
assert put(GrantRead='id=1') == 'NotImplemented'
assert put(ACL='public-read') == 'AccessControlListNotSupported'
# boto3 wants https for a client's own key, so a signed URL asks for it.
url = client(signature_version='s3v4').generate_presigned_url('put_object', ExpiresIn=60, Params={'Bucket': BUCKET, 'Key': 'a',
    'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': 'k' * 32})
try:
    urllib.request.urlopen(urllib.request.Request(url, data=b'x', method='PUT', headers={
        'x-amz-server-side-encryption-customer-algorithm': 'AES256'}))
    raise AssertionError('it was taken')
except urllib.error.HTTPError as error:
    assert error.code >= 400
assert code(s3.get_object, Bucket=BUCKET, Key='a') == 'NoSuchKey'
assert put(ACL='private') == put(ACL='bucket-owner-full-control') == 'none'
answer = s3.delete_objects(Bucket=BUCKET, Delete={'Objects': [{'Key': 'a', 'Size': 7}]})
assert answer['Errors'][0]['Code'] == 'NotImplemented', answer
assert code(s3.copy_object, Bucket=BUCKET, Key='b', CopySource={'Bucket': BUCKET, 'Key': 'a'}) == 'none'
print('done')
"#,
    );
    assert_eq!(said, "done");
}
