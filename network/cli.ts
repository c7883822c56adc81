import { Command } from 'commander';
import { addCertificates } from './commands/certificates.js';
import { addChaincode } from './commands/chaincode.js';
import { addConfiguration } from './commands/configuration.js';
import { addContainers } from './commands/containers.js';
import { addMembers } from './commands/members.js';
import { addOrderers } from './commands/orderers.js';
import { addRunning } from './commands/running.js';
import { addTrust } from './commands/trust.js';
import { NetworkError } from './error.js';

/** `npm run network -- <command>`. Each file of `commands/` has a group of them. */

const program = new Command('network').description(
  'The Fabric network of a consortium, on this machine, for trials',
);
addRunning(program);
addMembers(program);
addOrderers(program);
addChaincode(program);
addCertificates(program);
addConfiguration(program);
addTrust(program);
addContainers(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof NetworkError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
