import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Where the peers of one organisation find the organisation's own chaincode, and how the two know each other. */
export interface ChaincodeLink {
  /** `host:port` */
  readonly address: string;
  /** PEM: the server's certificate, and the peers' with its key. */
  readonly serverCertificate: string;
  readonly peerCertificate: string;
  readonly peerKey: string;
}

export interface ChaincodePackage {
  readonly bytes: Buffer;
  /** What peers call it once it is installed. */
  readonly id: string;
}

/** What a package is called on peers, before its hash. */
export const labelOf = ({ name, version }: { readonly name: string; readonly version: string }) =>
  `${name}_${version}`;

/**
 * A package for the `ccaas` builder: no code, only where it runs. Each organisation has its own, since only the
 * definition that it approves is common; so its chaincode can move, or run twice during an upgrade, without the others.
 */
export function chaincodePackage(label: string, link: ChaincodeLink): ChaincodePackage {
  const connection = {
    address: link.address,
    dial_timeout: '10s',
    tls_required: true,
    client_auth_required: true,
    client_key: link.peerKey,
    client_cert: link.peerCertificate,
    root_cert: link.serverCertificate,
  };
  const bytes = archive([
    ['metadata.json', json({ path: '', type: 'ccaas', label })],
    ['code.tar.gz', archive([['connection.json', json(connection)]])],
  ]);
  return { bytes, id: `${label}:${createHash('sha256').update(bytes).digest('hex')}` };
}

const json = (value: object) => Buffer.from(JSON.stringify(value));

const BLOCK = 512;

/** A .tar.gz (POSIX ustar) in which nothing depends on the time or the user, so that a package keeps its id. */
function archive(entries: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const parts = entries.flatMap(([name, content]) => [
    header(name, content.length),
    content,
    Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
  ]);
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.write(name, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8) + octal(0, 8), 108); // owner and group
  block.write(octal(size, 12) + octal(0, 12), 124); // size and time
  block.write('        ', 148); // the checksum counts as spaces
  block.write('0', 156); // a file
  block.write('ustar\x0000', 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
