/** Where a program of IPFS answers over HTTP. */
export interface RpcAddress {
  readonly url: string;
  /** As Kubo spells it in API.Authorizations: `bearer:<token>` or `basic:<user>:<password>`. */
  readonly auth: string | undefined;
}

/** The headers that show it. */
export function authorization(auth: string | undefined): Readonly<Record<string, string>> {
  if (auth === undefined) return {};
  const [kind, ...rest] = auth.split(':');
  const secret = rest.join(':');
  const shown = kind === 'basic' ? `Basic ${Buffer.from(secret).toString('base64')}` : `Bearer ${secret}`;
  return { authorization: shown };
}
