import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  assertProblem,
  newCode,
  PATIENT,
  reportDetails,
  somePdf,
  upload,
} from '../deployment/deployment.test-support.js';
import { apiService } from '../deployment/shared-service.test-support.js';

const service = await apiService();

const post = (form: FormData): Promise<Answer> =>
  service.ask('POST', '/v1/documents', { key: service.hospitalKey, form });

void test('each defect of an upload has its stable code', async () => {
  const pdf = await somePdf();
  const cases: [string, FormData, number, string][] = [
    ['no parts', new FormData(), 400, 'REQUEST_INVALID'],
    ['no file', upload(null, reportDetails), 400, 'REQUEST_INVALID'],
    ['no details', upload(pdf), 400, 'REQUEST_INVALID'],
    ['empty file', upload(new Uint8Array(), reportDetails), 400, 'FILE_EMPTY'],
    ['text', upload(Buffer.from('hello, this is a text'), reportDetails), 415, 'FILE_TYPE_UNKNOWN'],
    ['cut PDF', upload(pdf.subarray(0, 120), reportDetails), 422, 'FILE_DAMAGED'],
    ['details that are not JSON', upload(pdf, `{"kind": ${PATIENT}`), 422, 'DETAILS_INVALID'],
    ['details that are null', upload(pdf, 'null'), 422, 'DETAILS_INVALID'],
    ['details that are not UTF-8', withDetails(pdf, Buffer.from('"\xe9"', 'latin1')), 422, 'DETAILS_INVALID'],
    ['huge details', upload(pdf, { ...reportDetails, more: 'x'.repeat(70_000) }), 413, 'REQUEST_TOO_LARGE'],
    ['unknown kind', upload(pdf, { ...reportDetails, kind: 'diploma' }), 422, 'DETAILS_INVALID'],
    ['unknown member', upload(pdf, { ...reportDetails, colour: 'red' }), 422, 'DETAILS_INVALID'],
    ['past expiry', upload(pdf, { ...reportDetails, exp: 1000 }), 422, 'DETAILS_INVALID'],
    [
      'expiry in milliseconds',
      upload(pdf, { ...reportDetails, exp: Date.now() * 2 }),
      422,
      'DETAILS_INVALID',
    ],
    ['expiry beyond the calendar', upload(pdf, { ...reportDetails, exp: 10 ** 15 }), 422, 'DETAILS_INVALID'],
    ['supersedes no code', upload(pdf, { ...reportDetails, supersedes: 'abc' }), 422, 'DETAILS_INVALID'],
    [
      'supersedes nothing of ours',
      upload(pdf, { ...reportDetails, supersedes: newCode() }),
      404,
      'DOCUMENT_UNKNOWN',
    ],
    ['too large', upload(new Uint8Array(25 * 1024 * 1024 + 1), reportDetails), 413, 'FILE_TOO_LARGE'],
  ];
  for (const [name, form, status, code] of cases) {
    const answer = await post(form);
    assert.deepEqual([name, answer.status, answer.body.code], [name, status, code], answer.text);
    assertProblem(answer, status, code);
    assert.ok(!answer.text.includes(PATIENT), name);
  }
});

void test('claims that the protocol refuses are the sender’s to correct', async () => {
  const pdf = await somePdf();
  const withSubject = (subject: unknown) =>
    upload(pdf, { ...reportDetails, claims: { ...reportDetails.claims, subject } });
  assertProblem(
    await post(withSubject({ name: 'A\u0007B', birthDate: '1990-02-03' })),
    422,
    'DETAILS_INVALID',
  );
  assertProblem(await post(withSubject({ name: 'A B', birthDate: '1990-02-31' })), 422, 'DETAILS_INVALID');
  assertProblem(await post(withSubject({ name: '   ', birthDate: '1990-02-03' })), 422, 'DETAILS_INVALID');
  const facts = {
    prescriber: 'Dr A',
    drugs: Array.from({ length: 9 }, () => 'Long name of a drug '.repeat(5).trim()),
    items: 9,
  };
  const large = { kind: 'prescription', claims: { subject: reportDetails.claims.subject, facts } };
  assertProblem(await post(upload(pdf, large)), 422, 'CLAIMS_TOO_LARGE');
});

void test('broken and hostile multipart bodies are refused in so many words', async () => {
  const pdf = await somePdf();
  const twoFiles = upload(pdf, reportDetails);
  twoFiles.append('file', new Blob([new Uint8Array(pdf)]), 'b.pdf');
  assertProblem(await post(twoFiles), 400, 'REQUEST_INVALID');
  const twoDetails = upload(pdf, reportDetails);
  twoDetails.append('details', '{}');
  assertProblem(await post(twoDetails), 400, 'REQUEST_INVALID');
  const foreign = upload(pdf, reportDetails);
  foreign.append('extra', 'x');
  assertProblem(await post(foreign), 400, 'REQUEST_INVALID');
  const raw = (contentType: string, body: string | Buffer): Promise<Answer> =>
    service.ask('POST', '/v1/documents', {
      key: service.hospitalKey,
      raw: body,
      headers: { 'content-type': contentType },
    });
  assertProblem(await raw('multipart/form-data', 'x'), 400, 'REQUEST_INVALID');
  assertProblem(await raw('multipart/form-data; boundary=abc', ''), 400, 'REQUEST_INVALID');
  assertProblem(
    await raw('multipart/form-data; boundary=abc', 'no boundary in here'),
    400,
    'REQUEST_INVALID',
  );
  const head = '--abc\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n';
  assertProblem(
    await raw('multipart/form-data; boundary=abc', `${head}%PDF-1.7 cut`),
    400,
    'REQUEST_INVALID',
  );
  const odd = '--abc\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\nx\r\n--abc--\r\n';
  assertProblem(await raw('multipart/form-data; boundary=abc', odd), 400, 'REQUEST_INVALID');
  assertProblem(await raw('application/json', '{}'), 415, 'MEDIA_TYPE_UNSUPPORTED');
  assertProblem(await raw('text/plain', 'hello'), 415, 'MEDIA_TYPE_UNSUPPORTED');
});

void test('details may come before or after the file', async () => {
  const form = new FormData();
  form.append('details', JSON.stringify(reportDetails));
  form.append('file', new Blob([new Uint8Array(await somePdf())]), 'a');
  assert.equal((await post(form)).status, 201);
});

void test('parts are taken as clients send them: with and without content type, file name or byte order mark', async () => {
  const pdf = await somePdf();
  const json = JSON.stringify(reportDetails);
  const issued = async (form: FormData): Promise<number> => (await post(form)).status;
  assert.equal(await issued(withDetails(pdf, `\ufeff${json}`)), 201);
  assert.equal(await issued(withDetails(pdf, json, 'application/json')), 201);
  const boundary = 'abc';
  const part = (head: string, content: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n`), content]);
  const body = Buffer.concat([
    part('name="details"\r\ncontent-type: application/json', Buffer.from(json)),
    Buffer.from('\r\n'),
    part('name="file"\r\ncontent-type: application/pdf', pdf),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const answer = await service.ask('POST', '/v1/documents', {
    key: service.hospitalKey,
    raw: body,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  });
  assert.equal(answer.status, 201, answer.text);
});

function withDetails(pdf: Uint8Array, details: string | Uint8Array<ArrayBuffer>, type = ''): FormData {
  const form = upload(pdf);
  form.append('details', new Blob([details], { type }), 'details.json');
  return form;
}
