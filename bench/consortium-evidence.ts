import { createHash, randomBytes } from 'node:crypto';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { sha256, signWith } from '@spondon/protocol/crypto-node';
import { newDocumentId } from '@spondon/protocol/document-id';
import { encodeEntry } from '@spondon/protocol/entry';
import { formatEvidence } from '@spondon/protocol/evidence/file';
import { rootFromInclusionPath } from '@spondon/protocol/merkle/inclusion';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { type IssueStatement, signStatement } from '@spondon/protocol/statement';
import { mintCertificate } from '@spondon/protocol/testing/mint';
import {
  attest,
  ATTESTED_AT,
  ISSUED_AT,
  issuerRecord,
  mintSigner,
  type Network,
  type Organisation,
  proposalResponse,
  STATEMENT,
} from '@spondon/protocol/testing/network';

/** As many entries as the log of a large hospital's first years: paths of 20 hashes. */
const TREE_SIZE = 2 ** 20;
const PATH_LENGTH = 20;
const MSP_ID = 'SampleHospital';

/**
 * Evidence files of different documents, as two regulators' peers and a hospital's would have signed them: each its own
 * statement, path and attestation. The siblings are random, which a verifier cannot tell. With `strangers`, each file
 * has also peers and an issuer that no other file knows; only the authorities above them are the same.
 */
export async function consortiumEvidence(
  network: Network,
  count: number,
  strangers: boolean,
): Promise<string[]> {
  const files: string[] = [];
  for (let number = 0; number < count; number += 1) {
    files.push(await evidenceOf(strangers ? await withStrangers(network) : network, number));
  }
  return files;
}

async function withStrangers(network: Network): Promise<Network> {
  const [dghs, dgfp, hospital] = await Promise.all(
    [network.dghs, network.dgfp, network.hospital].map(newPeer),
  );
  if (!dghs || !dgfp || !hospital) throw new Error('An organisation got lost');
  return { ...network, dghs, dgfp, hospital, issuerKey: mintSigner() };
}

async function newPeer(organisation: Organisation): Promise<Organisation> {
  const { mspId, owner, root, intermediate } = organisation;
  const subject = `CN=peer1.${mspId},OU=peer,O=${owner}`;
  return { ...organisation, peer: await mintCertificate({ subject, issuer: intermediate ?? root }) };
}

async function evidenceOf(network: Network, index: number): Promise<string> {
  const { signer, privateKey } = network.issuerKey;
  const statement: IssueStatement = {
    ...STATEMENT,
    jti: newDocumentId((length) => randomBytes(length)),
    sha256: encodeBase64url(createHash('sha256').update(`document ${index}`).digest()),
    claims: encodeBase64url(randomBytes(32)),
  };
  const entry = encodeEntry(ISSUED_AT, await signStatement(statement, signer.kid, signWith(privateKey)));
  const path = Array.from({ length: PATH_LENGTH }, () => Uint8Array.from(randomBytes(32)));
  const root = rootFromInclusionPath(leafHash(entry, sha256), index, TREE_SIZE, path, sha256);
  const { iss, jti } = statement;
  const payload = proposalResponse({
    state: {
      channel: 'records',
      time: ATTESTED_AT,
      clock: ATTESTED_AT,
      heads: [{ mspId: MSP_ID, n: 4096, size: TREE_SIZE, root: encodeBase64url(root), at: ISSUED_AT }],
      statuses: [{ iss, jti, status: null }],
      issuers: [{ iss, ...issuerRecord(network) }],
    },
  });
  const attestation = attest(payload, [network.dghs, network.dgfp, network.hospital]);
  return formatEvidence({
    channel: 'records',
    mspId: MSP_ID,
    entry,
    index,
    size: TREE_SIZE,
    path,
    attestation,
  });
}
