import { join } from 'node:path';
import { removeContractApiHandlers } from '@spondon/chaincode/contract-api-handlers';
import { diskTrouble } from '../disk-trouble.js';
import { LedgerError } from '../port.js';
import { BLOCKS_FILE, BlockFile } from './block-file.js';
import { EmbeddedLedger, type EmbeddedLedgerOptions } from './engine.js';
import { foundOrganisation, loadOrganisation, type Organisation } from './identity.js';
import { recover, type Notice } from './recovery.js';
import { SnapshotLock } from './snapshot-lock.js';
import { removeState, STATE_FILE, State } from './state.js';
import { openFile } from './storage.js';

/**
 * Opens the ledger in a folder, or founds one there.
 *
 * @throws LedgerError `DAMAGED` when what is stored contradicts itself, `UNAVAILABLE` when it cannot be read or written
 */
export async function openEmbeddedLedger(options: EmbeddedLedgerOptions): Promise<EmbeddedLedger> {
  removeContractApiHandlers(process);
  try {
    return await open(options);
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    const message = `the ledger in ${options.folder} does not open`;
    throw new LedgerError('UNAVAILABLE', message, undefined, { cause: error });
  }
}

async function open(options: EmbeddedLedgerOptions): Promise<EmbeddedLedger> {
  const { folder, chaincode, notice = () => undefined, openStorage = openFile } = options;
  const storage = await openStorage(join(folder, BLOCKS_FILE));
  try {
    const organisation = await organisationOf(options, (await storage.size()) === 0);
    const state = openState(folder, notice);
    try {
      const file = new BlockFile(storage);
      await recover({ file, state, lock: new SnapshotLock(), chaincode: chaincode.name, notice });
      return new EmbeddedLedger(options, organisation, file, state);
    } catch (error) {
      state.close();
      throw error;
    }
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function organisationOf(options: EmbeddedLedgerOptions, mayFound: boolean): Promise<Organisation> {
  const { folder, mspId, keeper, now, random } = options;
  const present = await loadOrganisation(folder, mspId, keeper);
  if (present) return present;
  // A new identity could not stand for what the old one signed.
  if (!mayFound)
    throw new LedgerError('DAMAGED', 'there are blocks, and the identity that signed them is missing');
  await foundOrganisation(folder, mspId, keeper, now(), random);
  const founded = await loadOrganisation(folder, mspId, keeper);
  if (!founded) throw new LedgerError('DAMAGED', 'the identity just written is not there');
  return founded;
}

/** What cannot be read is made anew, because all of it stands in the blocks. A full disk is no reason. */
function openState(folder: string, notice: (notice: Notice) => void): State {
  const path = join(folder, STATE_FILE);
  try {
    return new State(path);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'SQLITE_BUSY' || diskTrouble(error)) throw error;
    notice({ event: 'state-discarded', reason: String(error) });
    removeState(path);
    return new State(path);
  }
}
