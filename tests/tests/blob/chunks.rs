//! Bodies that come in chunks of their own, as many libraries send them: what is cut anywhere is not stored.

use infra_tests::blob::{BUCKET, BlobServer, KEY, has_boto3};

/// Signs requests whose bodies are in chunks, as the protocol says it; `boto3` has no part in it.
const CHUNKED: &str = r#"
import base64, datetime, hmac, http.client, zlib
EMPTY = hashlib.sha256(b'').hexdigest()
def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
def put(name, chunks, kind, length=None, trailer=None, sent_trailer=None, end=True):
    """Sends chunks and returns status and answer. `end`: with the last, empty chunk."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime('%Y%m%dT%H%M%SZ'), now.strftime('%Y%m%d')
    host = URL.removeprefix('http://')
    length = sum(map(len, chunks)) if length is None else length
    headers = {'host': host, 'x-amz-content-sha256': kind, 'x-amz-date': stamp,
               'x-amz-decoded-content-length': str(length), 'content-encoding': 'aws-chunked'}
    if trailer:
        headers['x-amz-trailer'] = trailer
    names = ';'.join(sorted(headers))
    canonical = ''.join(f'{key}:{headers[key]}\n' for key in sorted(headers))
    request = f'PUT\n/{BUCKET}/{name}\n\n{canonical}\n{names}\n{kind}'
    scope = f'{day}/us-east-1/s3/aws4_request'
    key = sign(sign(sign(sign(b'AWS4' + SECRET.encode(), day), 'us-east-1'), 's3'), 'aws4_request')
    before = sign(key, f'AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}').hex()
    headers['authorization'] = f'AWS4-HMAC-SHA256 Credential={KEY}/{scope},SignedHeaders={names},Signature={before}'
    body = b''
    for chunk in chunks + ([b''] if end else []):
        meta = f'{len(chunk):x}'
        if not kind.startswith('STREAMING-UNSIGNED'):
            text = f'AWS4-HMAC-SHA256-PAYLOAD\n{stamp}\n{scope}\n{before}\n{EMPTY}\n{hashlib.sha256(chunk).hexdigest()}'
            before = sign(key, text).hex()
            meta += f';chunk-signature={before}'
        body += meta.encode() + b'\r\n' + chunk + (b'\r\n' if chunk else b'')
    if sent_trailer:
        body += sent_trailer.encode() + b'\r\n'
        if not kind.startswith('STREAMING-UNSIGNED'):
            hashed = hashlib.sha256(sent_trailer.encode() + b'\n').hexdigest()
            text = f'AWS4-HMAC-SHA256-TRAILER\n{stamp}\n{scope}\n{before}\n{hashed}'
            body += f'x-amz-trailer-signature:{sign(key, text).hex()}\r\n'.encode()
    body += b'\r\n' if end else b''
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.putrequest('PUT', f'/{BUCKET}/{name}', skip_host=True, skip_accept_encoding=True)
    for key, value in {**headers, 'content-length': str(len(body))}.items():
        connection.putheader(key, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()
SIGNED, UNSIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
chunks = [os.urandom(70_000), os.urandom(70_000), os.urandom(11)]
body = b''.join(chunks)
crc = 'x-amz-checksum-crc32'
right = f'{crc}:' + base64.b64encode(zlib.crc32(body).to_bytes(4, 'big')).decode()
def stored(name):
    return s3.get_object(Bucket=BUCKET, Key=name)['Body'].read()
"#;

#[test]
fn a_body_in_chunks_is_stored_as_a_whole_or_not_at_all() {
    if !has_boto3("a_body_in_chunks") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(&format!(
        "{CHUNKED}{}",
        r#"
assert put('signed', chunks, SIGNED) == (200, ''), put('signed', chunks, SIGNED)
assert put('trailer', chunks, SIGNED_TRAILER, trailer=crc, sent_trailer=right) == (200, '')
assert put('unsigned', chunks, UNSIGNED, trailer=crc, sent_trailer=right) == (200, '')
for name in ['signed', 'trailer', 'unsigned']:
    assert stored(name) == body
head = s3.head_object(Bucket=BUCKET, Key='unsigned', ChecksumMode='ENABLED')
assert head['ChecksumCRC32'] == right.split(':')[1] and 'ContentEncoding' not in head, head
def refused(code, *arguments, **named):
    status, text = put('none', *arguments, **named)
    assert status == 400 and f'<Code>{code}</Code>' in text, (status, text)
length = len(body)
for kind, more in [(SIGNED, {}), (UNSIGNED, {'trailer': crc}), (SIGNED_TRAILER, {'trailer': crc})]:
    # Cut between two chunks, with and without an end.
    refused('IncompleteBody', chunks[:2], kind, length=length, end=False, **more)
    refused('IncompleteBody', chunks[:2], kind, length=length, **more)
    refused('IncompleteBody', chunks, kind, length=length - 1, **more)
for kind in [UNSIGNED, SIGNED_TRAILER]:
    refused('MalformedTrailerError', chunks, kind, trailer=crc)
    refused('MalformedTrailerError', chunks, kind, trailer=crc, end=False)
    refused('MalformedTrailerError', chunks, kind, trailer='x-amz-checksum-sha1', sent_trailer=right)
    refused('BadDigest', chunks, kind, trailer=crc, sent_trailer=f'{crc}:AAAAAA==')
# Far less is sent than announced: it is refused before it is read.
refused('EntityTooLarge', chunks[:1], SIGNED, length=(1 << 30) + 1)
assert code(s3.get_object, Bucket=BUCKET, Key='none') == 'NoSuchKey'
print('done')
"#
    ));
    assert_eq!(said, "done");
}
