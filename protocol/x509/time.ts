import { fromAscii } from '../bytes.js';
import { civilToMs } from '../civil-time.js';
import { ProtocolError } from '../error.js';
import { TAG, type DerElement } from './der.js';

/** Unix milliseconds of a UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 allows them: seconds, Zulu, no fraction. */
export function derTime(element: DerElement): number {
  const text = fromAscii(element.content);
  const match =
    element.tag === TAG.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : element.tag === TAG.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (match ?? []).slice(1).map(Number);
  const fullYear = element.tag === TAG.utcTime ? year + (year >= 50 ? 1900 : 2000) : year;
  const ms = match === null ? null : civilToMs(fullYear, month, day, hour, minute, second);
  if (ms === null) throw new ProtocolError('DER', 'not a time as certificates write it');
  return ms;
}
