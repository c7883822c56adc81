import { toHex } from '../bytes.js';
import { ProtocolError } from '../error.js';
import {
  TAG,
  derNamedBits,
  derSequence,
  derSmallInteger,
  derTrue,
  DerCursor,
  type DerElement,
} from './der.js';

/** What chains depend on among a certificate's extensions (RFC 5280 §4.2.1). */
export interface CertificateExtensions {
  /** basicConstraints; null when the extension is absent. `pathLength` null means no limit. */
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | null } | null;
  /** keyUsage, as bit numbers of RFC 5280 §4.2.1.3; null when the extension is absent. */
  readonly keyUsage: ReadonlySet<number> | null;
}

export const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const;

const BASIC_CONSTRAINTS = '551d13';
const KEY_USAGE_OID = '551d0f';

/**
 * The extensions of an Extensions SEQUENCE by the hex of their OID. Critical ones that are not in `understood`
 * are refused: they may restrict the certificate or the list in a way that is not looked at here.
 *
 * @throws ProtocolError `CERTIFICATE`, `DER`
 */
export function readExtensions(
  list: DerCursor,
  understood: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  while (!list.done) {
    const extension = list.enter(TAG.sequence);
    const oid = toHex(extension.take(TAG.oid).content);
    const critical = derTrue(extension.optional(TAG.boolean));
    const value = extension.take(TAG.octetString).content;
    extension.end();
    if (values.has(oid)) throw new ProtocolError('CERTIFICATE', 'an extension stands twice');
    if (critical && !understood.includes(oid)) {
      throw new ProtocolError('CERTIFICATE', 'a critical extension that is not understood');
    }
    values.set(oid, value);
  }
  return values;
}

function readBasicConstraints(value: Uint8Array): CertificateExtensions['basicConstraints'] {
  const fields = derSequence(value);
  const ca = derTrue(fields.optional(TAG.boolean));
  const limit = fields.optional(TAG.integer);
  fields.end();
  if (limit !== null && !ca)
    throw new ProtocolError('CERTIFICATE', 'a path length without a certificate authority');
  return { ca, pathLength: limit === null ? null : derSmallInteger(limit) };
}

function readKeyUsage(value: Uint8Array): ReadonlySet<number> {
  const cursor = new DerCursor(value);
  const bits = derNamedBits(cursor.take(TAG.bitString));
  cursor.end();
  return bits;
}

/** @throws ProtocolError `CERTIFICATE`, `DER` */
export function certificateExtensions(wrapper: DerElement | null): CertificateExtensions {
  if (wrapper === null) return { basicConstraints: null, keyUsage: null };
  const values = readExtensions(derSequence(wrapper.content), [BASIC_CONSTRAINTS, KEY_USAGE_OID]);
  const basicConstraints = values.get(BASIC_CONSTRAINTS);
  const keyUsage = values.get(KEY_USAGE_OID);
  return {
    basicConstraints: basicConstraints === undefined ? null : readBasicConstraints(basicConstraints),
    keyUsage: keyUsage === undefined ? null : readKeyUsage(keyUsage),
  };
}
