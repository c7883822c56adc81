import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { credentials, Client } from '@grpc/grpc-js';
import { connect, hash, signers, StatusCode, type Contract } from '@hyperledger/fabric-gateway';
import type { ConnectionSettings } from './derive/connection.js';

/** A client of one organisation on one channel, as a service would connect. */
export interface TestClient {
  readonly mspId: string;
  /** Endorsed by the organisations named, or else by the regulators. Resolves with how its validation ended. */
  readonly submit: (fn: string, args: readonly Argument[], endorsers?: readonly string[]) => Promise<string>;
  readonly evaluate: (fn: string, args: readonly Argument[]) => Promise<unknown>;
  readonly endorsers: readonly string[];
  readonly close: () => void;
}

type Argument = string | Uint8Array;

export async function connectClient(settingsFile: string, channel: string): Promise<TestClient> {
  const settings = JSON.parse(await readFile(settingsFile, 'utf8')) as ConnectionSettings;
  const { mspId, identity, tls } = settings;
  const { gateways, chaincode, endorsers } = settings.channels[channel] ?? {};
  const [gateway] = gateways ?? [];
  if (gateway === undefined || chaincode === undefined || endorsers === undefined) {
    throw new TypeError(`${settingsFile} says nothing of ${channel}`);
  }
  const client = new Client(
    gateway.endpoint,
    credentials.createSsl(
      await readFile(gateway.tlsRoot),
      await readFile(tls.key),
      await readFile(tls.certificate),
    ),
    { 'grpc.ssl_target_name_override': gateway.serverName },
  );
  const connection = connect({
    client,
    identity: { mspId, credentials: await readFile(identity.certificate) },
    signer: signers.newPrivateKeySigner(createPrivateKey(await readFile(identity.key))),
    hash: hash.sha256,
  });
  const contract = connection.getNetwork(channel).getContract(chaincode);
  return {
    mspId,
    endorsers,
    submit: (fn, args, by = endorsers) => submit(contract, fn, args, by),
    evaluate: async (fn, args) =>
      JSON.parse(Buffer.from(await contract.evaluate(fn, { arguments: [...args] })).toString()) as unknown,
    close: () => {
      connection.close();
      client.close();
    },
  };
}

async function submit(
  contract: Contract,
  fn: string,
  args: readonly Argument[],
  endorsers: readonly string[],
): Promise<string> {
  const proposal = contract.newProposal(fn, { arguments: [...args], endorsingOrganizations: [...endorsers] });
  const submitted = await (await proposal.endorse()).submit();
  const { code } = await submitted.getStatus();
  return Object.entries(StatusCode).find(([, value]) => value === code)?.[0] ?? String(code);
}
