import { Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Speaks to one service over a few connections that stay open. Plain `node:http`: it has to leave the processors to the service. */
export interface Client {
  /** Resolves with whatever is answered, refusals too; rejects when there is no answer. */
  send(call: Call): Promise<Answer>;
  /** The answer's JSON; throws for any status but a 2xx. */
  json(call: Call): Promise<unknown>;
  close(): void;
}

export function createClient(url: string, connections: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const send = ({ method = 'GET', path, headers = {}, body }: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const length = body ? { 'content-length': String(body.length) } : {};
      const outgoing = request(
        `${url}${path}`,
        { agent, method, headers: { ...headers, ...length } },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return clientOf(send, () => agent.destroy());
}

/** A client that sends in some way. */
export function clientOf(send: Client['send'], close: Client['close']): Client {
  return {
    send,
    async json(call) {
      const { status, text } = await send(call);
      if (status >= 200 && status < 300) return JSON.parse(text) as unknown;
      throw new Error(`${call.path} was answered ${status}: ${text.slice(0, 500)}`);
    },
    close,
  };
}

/** What the service tells of itself; NaN when it does not. `name`: an expression for name and labels. */
export async function metric({ send }: Pick<Client, 'send'>, name: string): Promise<number> {
  const { text } = await send({ path: '/metrics' });
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN);
}

/** A JSON body with its header and a key. */
export function jsonCall(path: string, apiKey: string, value: unknown): Call {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  return { method: 'POST', path, headers, body: Buffer.from(JSON.stringify(value)) };
}

/** Resolves once a look-up of the hash (hex) finds its document on the ledger: asks again as soon as it is answered. */
export async function untilAnchored(client: Client, sha256: string): Promise<void> {
  for (;;) {
    const { document } = (await client.json({ path: `/v1/verify/${sha256}` })) as {
      document?: { state: 'pending' | 'anchored' };
    };
    if (document?.state === 'anchored') return;
  }
}
