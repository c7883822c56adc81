import { ProtocolError, type ProtocolErrorCode } from './error.js';

/**
 * The members of a JSON object that has all of `required`, perhaps some of `optional`, and nothing else:
 * an unknown member is either an attack or a newer format, and neither may be read as if it were absent.
 *
 * @throws ProtocolError with the caller's `code`
 */
export function membersOf(
  value: unknown,
  required: readonly string[],
  optional: readonly string[],
  code: ProtocolErrorCode,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError(code, 'not a JSON object');
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of required) {
    if (!Object.hasOwn(members, name)) throw new ProtocolError(code, `member ${name} is missing`);
  }
  for (const name of Object.keys(members)) {
    if (!required.includes(name) && !optional.includes(name)) {
      throw new ProtocolError(code, 'a member that this format does not have');
    }
  }
  return members;
}
