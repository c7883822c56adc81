import type { ChaincodeStub } from 'fabric-shim-api';

/** What the contract calls of the stub that Fabric's own libraries offer. */
export interface Stub extends Pick<
  ChaincodeStub,
  | 'getChannelID'
  | 'getDateTimestamp'
  | 'getState'
  | 'putState'
  | 'deleteState'
  | 'setStateValidationParameter'
> {
  /** The function's name, then its arguments, as they came. Fabric's own library has it, its types do not. */
  getBufferArgs(): readonly Uint8Array[];
}
