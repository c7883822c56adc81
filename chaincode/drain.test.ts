import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChaincodeResponse, ChaincodeStub } from 'fabric-shim-api';
import { countCalls } from './drain.js';

const ANSWER: ChaincodeResponse = { status: 200, message: '', payload: Buffer.alloc(0) };

test('a chaincode is idle when all that it executes has its answer, also what came meanwhile', async () => {
  const answers: (() => void)[] = [];
  const slow = () => new Promise<ChaincodeResponse>((resolve) => answers.push(() => resolve(ANSWER)));
  const { chaincode, idle } = countCalls({ Init: slow, Invoke: slow });
  const stub = {} as ChaincodeStub;
  const order: string[] = [];
  const first = chaincode.Invoke(stub).then(() => order.push('first'));
  const ended = idle().then(() => order.push('idle'));
  const second = chaincode.Invoke(stub).then(() => order.push('second'));
  answers[0]?.();
  await first;
  answers[1]?.();
  await Promise.all([second, ended]);
  assert.deepEqual(order, ['first', 'second', 'idle']);
});

test('a call that fails does not keep it', async () => {
  const fail = () => Promise.reject(new Error('no'));
  const { chaincode, idle } = countCalls({ Init: fail, Invoke: fail });
  const call = chaincode.Invoke({} as ChaincodeStub);
  await assert.rejects(call);
  await idle();
});
