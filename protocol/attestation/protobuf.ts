import { ProtocolError } from '../error.js';
import { VARINT_MAX_BYTES } from '../packed-bytes.js';

/**
 * Reader of protocol-buffer messages for the few that evidence consists of. Stricter than the format: what the
 * shape does not name is refused instead of skipped, because in a signed message an unknown field can carry a
 * write or an event past a reader that ignores it; a second value for a singular field is refused instead of
 * overriding the first, because two readers could then see two messages. Throws ProtocolError 'PROTOBUF'.
 */

/** 'int': a varint up to 2^53 - 1, absent is 0. 'bytes': length-delimited, absent is empty. 'list': repeated bytes. */
export type FieldType = 'int' | 'bytes' | 'list';
export type MessageShape = Readonly<Record<string, readonly [number: number, type: FieldType]>>;
export type Message<S extends MessageShape> = {
  readonly [Name in keyof S]: S[Name][1] extends 'int'
    ? number
    : S[Name][1] extends 'bytes'
      ? Uint8Array
      : readonly Uint8Array[];
};

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;

function damaged(what: string): ProtocolError {
  return new ProtocolError('PROTOBUF', what);
}

function varintAt(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  for (let i = at; i < at + VARINT_MAX_BYTES; i += 1) {
    const byte = bytes[i];
    if (byte === undefined) throw damaged('cut short');
    value += (byte & 0x7f) * scale;
    if (value > Number.MAX_SAFE_INTEGER) break;
    if (byte < 0x80) {
      if (byte === 0 && i > at) throw damaged('a number is not in its shortest form');
      return { value, next: i + 1 };
    }
    scale *= 128;
  }
  throw damaged('a number is too large');
}

/** Reads `bytes` as exactly one message of the given shape. Byte fields are views into `bytes`. */
export function readMessage<const S extends MessageShape>(bytes: Uint8Array, shape: S): Message<S> {
  const fields = new Map(
    Object.entries(shape).map(([name, [number, type]]) => [number, { name, type, seen: false }]),
  );
  const values: Record<string, number | Uint8Array | Uint8Array[]> = {};
  for (const { name, type } of fields.values()) {
    values[name] = type === 'int' ? 0 : type === 'bytes' ? new Uint8Array(0) : [];
  }
  let offset = 0;
  while (offset < bytes.length) {
    const key = varintAt(bytes, offset);
    const field = fields.get(Math.floor(key.value / 8));
    if (field === undefined) throw damaged(`unknown field ${Math.floor(key.value / 8)}`);
    if (key.value % 8 !== (field.type === 'int' ? WIRE_VARINT : WIRE_BYTES))
      throw damaged(`wire type of ${field.name}`);
    if (field.seen && field.type !== 'list') throw damaged(`${field.name} stands twice`);
    field.seen = true;
    const number = varintAt(bytes, key.next);
    offset = number.next;
    if (field.type === 'int') {
      values[field.name] = number.value;
      continue;
    }
    offset += number.value;
    if (offset > bytes.length) throw damaged(`${field.name} is cut short`);
    const content = bytes.subarray(number.next, offset);
    const list = values[field.name];
    if (Array.isArray(list)) list.push(content);
    else values[field.name] = content;
  }
  return values as Message<S>;
}
