import { Records } from './records.js';

/** What fabric-chaincode-node serves. */
export const contracts = [Records];
