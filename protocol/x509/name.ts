import { fromUtf8, toHex } from '../bytes.js';
import { ProtocolError } from '../error.js';
import { DerCursor, TAG, type DerElement } from './der.js';

const ORGANIZATIONAL_UNIT = '55040b';

function attributeText(value: DerElement): string {
  if (value.tag !== TAG.utf8String && value.tag !== TAG.printableString) {
    throw new ProtocolError('CERTIFICATE', 'an organizational unit in a string type that is not read');
  }
  return fromUtf8(value.content);
}

/**
 * The organizational units of a Name (RFC 5280 §4.1.2.4), in order. A unit in one of the outdated string
 * types is refused and not skipped: skipping could hide a role.
 *
 * @throws ProtocolError `CERTIFICATE`, `DER`, `UTF8`
 */
export function organizationalUnits(name: DerElement): string[] {
  const units: string[] = [];
  const relativeNames = new DerCursor(name.content);
  while (!relativeNames.done) {
    const attributes = relativeNames.enter(TAG.set);
    do {
      const attribute = attributes.enter(TAG.sequence);
      const type = toHex(attribute.take(TAG.oid).content);
      const value = attribute.next();
      attribute.end();
      if (type === ORGANIZATIONAL_UNIT) units.push(attributeText(value));
    } while (!attributes.done);
  }
  return units;
}
