import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeFrame, decodeFrameHeader, encodeFrame, frameLength, isInterrupted } from './frame.js';

const OFFSET = 1000;
const block = Uint8Array.from(randomBytes(3000));
const frame = encodeFrame(7, block);

test('a frame gives its number and block back', () => {
  fc.assert(
    fc.property(fc.nat(), fc.uint8Array(), (number, bytes) => {
      const encoded = encodeFrame(number, bytes);
      assert.deepEqual(decodeFrameHeader(encoded), { number, length: frameLength(bytes.length) });
      assert.equal(encoded.length, frameLength(bytes.length));
      assert.deepEqual(Buffer.from(decodeFrame(encoded) ?? []), Buffer.from(bytes));
    }),
  );
});

test('each single flipped bit is noticed, and is not taken for an interrupted write', () => {
  for (let bit = 0; bit < frame.length * 8; bit += 1) {
    const changed = Uint8Array.from(frame);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const intact = decodeFrameHeader(changed) !== null && decodeFrame(changed) !== null;
    assert.ok(!intact && !isInterrupted(changed, OFFSET), `bit ${bit}`);
  }
});

test('each proper beginning of a frame is an interrupted write', () => {
  for (let length = 1; length < frame.length; length += 1) {
    assert.ok(isInterrupted(frame.subarray(0, length), OFFSET), `${length} bytes`);
  }
});

test('a frame of which sectors were never written is an interrupted write', () => {
  for (let sector = 512; sector < OFFSET + frame.length; sector += 512) {
    const partial = Uint8Array.from(frame).fill(0, Math.max(0, sector - OFFSET), sector + 512 - OFFSET);
    assert.ok(isInterrupted(partial, OFFSET), `sector at ${sector}`);
  }
  assert.ok(isInterrupted(new Uint8Array(frame.length), OFFSET), 'none of them was');
});

test('a broken frame with another one after it was complete once', () => {
  const next = encodeFrame(8, block);
  const brokenHeader = Uint8Array.from(frame).fill(0, 0, 24);
  assert.ok(isInterrupted(brokenHeader, OFFSET));
  assert.ok(!isInterrupted(Buffer.concat([brokenHeader, next]), OFFSET));
  const brokenBlock = Uint8Array.from(frame).fill(0, 24, 1600);
  assert.ok(isInterrupted(brokenBlock, OFFSET));
  assert.ok(!isInterrupted(Buffer.concat([brokenBlock, next]), OFFSET));
});

test('foreign bytes after the last frame are not an interrupted write', () => {
  assert.ok(!isInterrupted(Buffer.from('SPB?'), OFFSET));
  assert.ok(!isInterrupted(Buffer.from('a line that somebody appended\n'), OFFSET));
});
