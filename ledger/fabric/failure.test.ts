import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { GatewayError } from '@hyperledger/fabric-gateway';
import { failureOf } from './failure.js';

const ASKED = ['A', 'B', 'C'];

/** What a gateway says when peers of these organisations answered so; others had endorsed. */
function answered(answers: Readonly<Record<string, string>>, code: number = status.ABORTED): GatewayError {
  const details = Object.entries(answers).map(([mspId, message]) => ({ mspId, address: 'peer:1', message }));
  return new GatewayError({ code, details, message: 'failed', cause: new Error('failed') as never });
}

const says = (words: string) => `chaincode response 500, ${words}`;

test('what everybody refuses in the same way is refused', () => {
  const words = says('ISSUER_UNKNOWN[3]: nobody');
  assert.deepEqual(failureOf(answered({ A: words, B: words, C: words }), ASKED), {
    kind: 'refused',
    refusal: { code: 'ISSUER_UNKNOWN', position: 3, message: 'nobody' },
  });
});

test('peers a block apart word one refusal differently', () => {
  const [ahead, behind] = [says('SIZE_MISMATCH: present size 5'), says('SIZE_MISMATCH: present size 4')];
  assert.equal(failureOf(answered({ A: ahead, B: behind, C: behind }), ASKED).kind, 'refused');
});

for (const [what, answers] of Object.entries<Readonly<Record<string, string>>>({
  'one refuses and the others endorse': { B: says('SIZE_MISMATCH: present size 4') },
  'they refuse for different reasons': {
    A: says('SIZE_MISMATCH: present size 4'),
    B: says('SIZE_MISMATCH: present size 4'),
    C: says('CLOCK_SKEW: too early'),
  },
  'they refuse different statements': {
    A: says('KEY_NOT_VALID[0]: no'),
    B: says('KEY_NOT_VALID[0]: no'),
    C: says('KEY_NOT_VALID[1]: no'),
  },
  'one cannot reach its chaincode': {
    A: says('KEY_NOT_VALID[0]: no'),
    B: says('KEY_NOT_VALID[0]: no'),
    C: 'error in simulation: connection refused',
  },
  'their answers differ': { A: 'ProposalResponsePayloads do not match' },
})) {
  test(`no single organisation refuses for all: ${what}`, () => {
    assert.equal(failureOf(answered(answers), ASKED).kind, 'disagreed');
  });
}

test('one peer is enough to refuse a read', () => {
  const failure = failureOf(answered({ A: says('ARGUMENT: call Head(mspId)') }, status.UNKNOWN), []);
  assert.equal(failure.kind, 'refused');
});

test('what the contract has no words for is a bug', () => {
  const words = says('TypeError: x is undefined');
  assert.equal(failureOf(answered({ A: words, B: words, C: words }), ASKED).kind, 'bug');
});

test('a peer that is down or slow, or knows nobody to endorse, is left for another one', () => {
  for (const code of [
    status.UNAVAILABLE,
    status.DEADLINE_EXCEEDED,
    status.UNKNOWN,
    status.PERMISSION_DENIED,
  ]) {
    assert.equal(failureOf(answered({}, code), ASKED).kind, 'unreachable');
  }
});

test('what is no error of a gateway comes through', () => {
  const error = new TypeError('a bug of ours');
  assert.throws(() => failureOf(error, ASKED), error);
});
