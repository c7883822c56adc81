import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, hash, signers, StatusCode, type Proposal } from '@hyperledger/fabric-gateway';
import type { ConnectionSettings } from '../derive/connection.js';

/**
 * A client of one organisation on one channel, through its first gateway. For `up`, which asks whether the network
 * answers, and for tests; services have an adapter that survives the loss of a gateway.
 */
export interface NetworkClient {
  readonly mspId: string;
  /** Who endorses whatever is written. */
  readonly endorsers: readonly string[];
  readonly evaluate: (fn: string, args: readonly Argument[]) => Promise<unknown>;
  /** Lets these organisations endorse a call, which is then not submitted. */
  readonly endorse: (fn: string, args: readonly Argument[], endorsers: readonly string[]) => Promise<void>;
  /** Resolves with how the validation of the transaction ended: `VALID`, or why not. */
  readonly submit: (fn: string, args: readonly Argument[], endorsers: readonly string[]) => Promise<string>;
  /** The same in two steps: endorsed now, and submitted whenever the result is called. */
  readonly hold: (
    fn: string,
    args: readonly Argument[],
    endorsers: readonly string[],
  ) => Promise<() => Promise<string>>;
  readonly close: () => void;
}

type Argument = string | Uint8Array;

export async function connectClient(settings: ConnectionSettings, channel: string): Promise<NetworkClient> {
  const { mspId, identity, tls } = settings;
  const { gateways, chaincode, endorsers } = settings.channels[channel] ?? {};
  const [gateway] = gateways ?? [];
  if (gateway === undefined || chaincode === undefined || endorsers === undefined) {
    throw new TypeError(`${mspId} has no chaincode on ${channel}`);
  }
  const [root, key, certificate] = await Promise.all(
    [gateway.tlsRoot, tls.key, tls.certificate].map((file) => readFile(file)),
  );
  const client = new Client(
    gateway.endpoint,
    credentials.createSsl(root ?? null, key ?? null, certificate ?? null),
    { 'grpc.ssl_target_name_override': gateway.serverName },
  );
  const connection = connect({
    client,
    identity: { mspId, credentials: await readFile(identity.certificate) },
    signer: signers.newPrivateKeySigner(createPrivateKey(await readFile(identity.key))),
    hash: hash.sha256,
  });
  const contract = connection.getNetwork(channel).getContract(chaincode);
  // Named, because the gateway's own choice goes wrong over policies of single keys.
  const proposal = (fn: string, args: readonly Argument[], by: readonly string[]): Proposal =>
    contract.newProposal(fn, { arguments: [...args], endorsingOrganizations: [...by] });
  const hold: NetworkClient['hold'] = async (fn, args, by) => {
    const transaction = await proposal(fn, args, by).endorse();
    return async () => {
      const { code } = await (await transaction.submit()).getStatus();
      return Object.entries(StatusCode).find(([, value]) => value === code)?.[0] ?? String(code);
    };
  };
  return {
    mspId,
    endorsers,
    evaluate: async (fn, args) =>
      JSON.parse(Buffer.from(await contract.evaluate(fn, { arguments: [...args] })).toString()) as unknown,
    endorse: async (fn, args, by) => {
      await proposal(fn, args, by).endorse();
    },
    submit: async (fn, args, by) => (await hold(fn, args, by))(),
    hold,
    close: () => {
      connection.close();
      client.close();
    },
  };
}
