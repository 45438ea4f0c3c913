//! A condition and the write under it are one step, whoever else writes at the same time.

use infra_tests::blob::{BUCKET, BlobServer, KEY, has_boto3};

#[test]
fn of_twelve_processes_that_race_under_a_condition_one_wins() {
    if !has_boto3("of_twelve_processes") {
        return;
    }
    let server = BlobServer::start();
    let said = server.client(KEY, BUCKET).run(
        r#"
def race(writer, barrier, results, condition):
    own = client()
    body = b'writer %d' % writer
    barrier.wait()
    results.put((code(own.put_object, Bucket=BUCKET, Key='lock', Body=body, **condition), writer))
fork = multiprocessing.get_context('fork')
condition = {'IfNoneMatch': '*'}
for turn in range(5):
    barrier, results = fork.Barrier(12), fork.Queue()
    writers = [fork.Process(target=race, args=(number, barrier, results, condition)) for number in range(12)]
    for writer in writers: writer.start()
    answers = [results.get(timeout=60) for _ in writers]
    for writer in writers: writer.join()
    won = [writer for answer, writer in answers if answer == 'none']
    lost = {answer for answer, _ in answers if answer != 'none'}
    assert len(won) == 1 and lost == {'PreconditionFailed'}, answers
    got = s3.get_object(Bucket=BUCKET, Key='lock')
    assert got['Body'].read() == b'writer %d' % won[0]
    condition = {'IfMatch': got['ETag']}
    # The same bytes again would have the same tag, so another blob is put between the turns.
    between = s3.put_object(Bucket=BUCKET, Key='lock', Body=b'turn %d' % turn, IfMatch=got['ETag'])
    condition = {'IfMatch': between['ETag']}
assert code(s3.put_object, Bucket=BUCKET, Key='none', Body=b'', IfMatch='"x"') == 'NoSuchKey'
print('done')
"#,
    );
    assert_eq!(said, "done");
}
