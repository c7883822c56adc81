import 'reflect-metadata';
import { on } from 'node:events';
import { webcrypto } from 'node:crypto';
import { Client, credentials, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { common, msp, peer } from '@hyperledger/fabric-protos';
import * as x509 from '@peculiar/x509';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import type { LinkTls } from './listen.js';

export const { Type } = peer.ChaincodeMessage;

export const HOST = '127.0.0.1';
/** Of every certificate here: what is trusted is the certificate itself. */
const NAME = 'chaincode.test';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** One end of a link between peers and chaincode. */
export interface End {
  readonly key: Buffer;
  readonly cert: Buffer;
}

export async function linkEnd(): Promise<End> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${NAME}`,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: NAME }])],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    key: Buffer.from(x509.PemConverter.encode(key, x509.PemConverter.PrivateKeyTag)),
    cert: Buffer.from(certificate.toString('pem')),
  };
}

export function linkTls(server: End, peers: End): LinkTls {
  return { ...server, clientCert: peers.cert };
}

/** What a peer's client signed, without the signature. */
export function signedProposal({
  mspId = 'HospitalMSP',
  seconds = 1_800_000_000,
  nanos = 0,
}): peer.SignedProposal {
  const creator = new msp.SerializedIdentity();
  creator.setMspid(mspId);
  const signature = new common.SignatureHeader();
  signature.setCreator(creator.serializeBinary());
  const time = new timestamps.Timestamp();
  time.setSeconds(seconds);
  time.setNanos(nanos);
  const channel = new common.ChannelHeader();
  channel.setTimestamp(time);
  const header = new common.Header();
  header.setSignatureHeader(signature.serializeBinary());
  header.setChannelHeader(channel.serializeBinary());
  const proposal = new peer.Proposal();
  proposal.setHeader(header.serializeBinary());
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(proposal.serializeBinary());
  return signed;
}

export interface Said {
  readonly channel?: string;
  readonly txid?: string;
  readonly payload?: Uint8Array;
  readonly proposal?: peer.SignedProposal;
}

export function input(...args: readonly (string | Uint8Array)[]): Uint8Array {
  const message = new peer.ChaincodeInput();
  message.setArgsList(args.map((arg) => Buffer.from(arg as Uint8Array)));
  return message.serializeBinary();
}

/** The peer's end of a link, which says what a test wants it to say. */
export class FakePeer {
  /** Why the stream ended. */
  readonly ended: Promise<ServiceError | undefined>;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Uint8Array, peer.ChaincodeMessage>;
  readonly #heard: AsyncIterator<unknown[]>;

  constructor(port: number, server: End, own?: End) {
    this.#client = new Client(`${HOST}:${port}`, credentials.createSsl(server.cert, own?.key, own?.cert), {
      'grpc.ssl_target_name_override': NAME,
    });
    this.#stream = this.#client.makeBidiStreamRequest(
      peer.ChaincodeService.connect.path,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes) => peer.ChaincodeMessage.deserializeBinary(bytes),
    );
    this.#heard = on(this.#stream, 'data', { close: ['end'] });
    this.ended = new Promise((resolve) => {
      this.#stream.on('error', (error) => resolve(error as ServiceError));
      this.#stream.on('end', () => resolve(undefined));
    });
  }

  /** A peer that has taken the chaincode's registration. */
  static async ready(port: number, server: End, own: End): Promise<FakePeer> {
    const fake = new FakePeer(port, server, own);
    await fake.hear();
    fake.say(Type.REGISTERED);
    fake.say(Type.READY);
    return fake;
  }

  say(type: number, { channel = '', txid = '', payload = new Uint8Array(), proposal }: Said = {}): void {
    const message = new peer.ChaincodeMessage();
    message.setType(type as typeof Type.READY);
    message.setChannelId(channel);
    message.setTxid(txid);
    message.setPayload(payload);
    message.setProposal(proposal);
    this.sayBytes(message.serializeBinary());
  }

  /** A transaction, and then nothing. */
  call(txid: string, ...args: readonly (string | Uint8Array)[]): void {
    this.say(Type.TRANSACTION, {
      channel: 'records',
      txid,
      payload: input(...args),
      proposal: signedProposal({}),
    });
  }

  /** Bytes in the place of a message. */
  sayBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  respond(to: Heard, payload: Uint8Array | string = ''): void {
    this.say(Type.RESPONSE, {
      channel: to.channel,
      txid: to.txid,
      payload: Buffer.from(payload as Uint8Array),
    });
  }

  async hear(): Promise<Heard> {
    const next = await this.#heard.next();
    if (next.done === true) throw new Error('the chaincode has ended the stream');
    const [message] = next.value as [peer.ChaincodeMessage];
    return {
      type: message.getType(),
      channel: message.getChannelId(),
      txid: message.getTxid(),
      payload: message.getPayload_asU8(),
    };
  }

  /** Breaks off, as a peer does that is killed. */
  leave(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}

export interface Heard {
  readonly type: number;
  readonly channel: string;
  readonly txid: string;
  readonly payload: Uint8Array;
}
