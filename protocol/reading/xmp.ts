/** Claims in the metadata of a PDF (XMP, ISO 16684-1), in a namespace of our own. The JWS is not checked here. */
export const XMP_NAMESPACE = 'urn:spondon:stamp:1#';
const MAX_JWS_LENGTH = 4_096;
/** A stamp's own description starts with the namespace's declaration, up to this far before it. */
const MAX_DECLARATION_LENGTH = 256;
/** Names that one packet may give our namespace: each is looked for in all of it. */
const MAX_PREFIXES = 16;

// Of what is looked for, all is ASCII: any coding that extends it will do.
const latin = new TextDecoder('latin1');

/**
 * The last claims that stand uncompressed in a file, whatever else is in it: as a stamp leaves them. Null when there are
 * none.
 */
export function claimsInPlainSight(bytes: Uint8Array): string | null {
  const at = lastIndexOf(bytes, XMP_NAMESPACE);
  if (at < 0) return null;
  const from = Math.max(0, at - MAX_DECLARATION_LENGTH);
  return claimsInPacket(latin.decode(bytes.subarray(from, at + 2 * MAX_JWS_LENGTH)));
}

/** Other programs may write the property as an attribute, or under another prefix. The last one counts. */
export function claimsInPacket(packet: string): string | null {
  let found: string | null = null;
  const declared = packet.matchAll(/xmlns:([\w.-]{1,64})\s*=\s*["']urn:spondon:stamp:1#["']/g);
  const names = Array.from(declared, (match) => match[1] ?? '');
  // The latest of them: what a stamp writes stands last.
  const prefixes = [...new Set(names.reverse())].slice(0, MAX_PREFIXES).reverse();
  for (const prefix of prefixes) {
    const property = `${prefix.replace(/[.]/g, '\\.')}:claims`;
    const pattern = new RegExp(
      `<${property}>\\s*([\\w.-]+)\\s*</|\\s${property}\\s*=\\s*["']([\\w.-]+)["']`,
      'g',
    );
    for (const match of packet.matchAll(pattern)) {
      const jws = match[1] ?? match[2] ?? '';
      if (jws.length <= MAX_JWS_LENGTH && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(jws)) found = jws;
    }
  }
  return found;
}

/** `text` in ASCII. */
function lastIndexOf(bytes: Uint8Array, text: string): number {
  const first = text.charCodeAt(0);
  for (let at = bytes.lastIndexOf(first, bytes.length - text.length); at >= 0;) {
    let same = 1;
    while (same < text.length && bytes[at + same] === text.charCodeAt(same)) same++;
    if (same === text.length) return at;
    at = at === 0 ? -1 : bytes.lastIndexOf(first, at - 1);
  }
  return -1;
}
