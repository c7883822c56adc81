import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { Records } from '@spondon/chaincode/records';
import { openEmbeddedLedger } from '@spondon/ledger/embedded/open';
import type { Storage } from '@spondon/ledger/embedded/storage';
import type { Vault } from '../vault/seal.js';
import type { Folders } from './folders.js';

/** The embedded organisation: owner of the ledger, its regulator, and the issuer of every log entry. */
export const MSP_ID = 'SpondonMSP';
export const CHANNEL = 'records';
/** What the vault is told when it seals the ledger's private keys. */
export const LEDGER_IDENTITY = 'ledger-identity';
export const CHAINCODE = { name: 'records', version: '1' };

export type OwnLedger = Awaited<ReturnType<typeof openLedger>>;

/** The ledger in the data folder, founded at a first start. `openStorage`: how its blocks are opened, to be written unless said. */
export function openLedger(
  folders: Folders,
  vault: Vault,
  log: Logger,
  openStorage?: (path: string) => Promise<Storage>,
) {
  return openEmbeddedLedger({
    folder: folders.ledger,
    channel: CHANNEL,
    chaincode: CHAINCODE,
    contract: new Records(),
    mspId: MSP_ID,
    owner: 'the owner of this deployment',
    keeper: {
      seal: (plaintext: Uint8Array) => vault.seal(plaintext, LEDGER_IDENTITY),
      open: (sealed: Uint8Array) => vault.open(sealed, LEDGER_IDENTITY),
    },
    now: () => Date.now(),
    random: (length) => randomBytes(length),
    ...(openStorage === undefined ? {} : { openStorage }),
    notice: (notice) => log.warn(notice, 'opening the ledger'),
  });
}
