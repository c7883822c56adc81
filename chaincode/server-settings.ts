/** What a chaincode's server is told by its environment. */
export interface ServerSettings {
  /** What the peers call the package that names this server: `label:hash`. */
  readonly id: string;
  /** `host:port` for peers. */
  readonly address: string;
  /** `host:port` for `GET /health`. */
  readonly health: { readonly host: string; readonly port: number };
  /** PEM files: own certificate and key, and the certificate that peers show. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCert: string };
}

/** Environment without a variable, or with one that makes no sense: the message says which, and what it should be. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'SETTINGS';
}

const VARIABLES = {
  CHAINCODE_ID: ['what the peers call the package, label:hash', /^[^:]+:[0-9a-f]{64}$/],
  CHAINCODE_SERVER_ADDRESS: ['where peers connect, host:port', /^.+:\d{1,5}$/],
  CHAINCODE_HEALTH_ADDRESS: ['where GET /health is answered, host:port', /^.+:\d{1,5}$/],
  CHAINCODE_TLS_CERT: ['a PEM file with the certificate of this server', /./],
  CHAINCODE_TLS_KEY: ['a PEM file with its private key', /./],
  CHAINCODE_TLS_CLIENT_CERT: ['a PEM file with the certificate that peers show', /./],
} as const satisfies Record<string, readonly [string, RegExp]>;

/**
 * `CHAINCODE_ID_FILE` may name a file with the id instead, for containers, whose description is there before the id.
 *
 * @throws SettingsError
 */
export function readServerSettings(
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (file: string) => string,
): ServerSettings {
  const { CHAINCODE_ID_FILE: idFile } = environment;
  const env =
    idFile === undefined ? environment : { ...environment, CHAINCODE_ID: contentOf(idFile, readFile) };
  const read = (name: keyof typeof VARIABLES): string => {
    const [meaning, form] = VARIABLES[name];
    const value = env[name] ?? '';
    if (!form.test(value)) throw new SettingsError(`${name} must be set: ${meaning}`);
    return value;
  };
  const health = read('CHAINCODE_HEALTH_ADDRESS');
  const colon = health.lastIndexOf(':');
  return {
    id: read('CHAINCODE_ID'),
    address: read('CHAINCODE_SERVER_ADDRESS'),
    health: {
      host: health.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
      port: Number(health.slice(colon + 1)),
    },
    tls: {
      cert: read('CHAINCODE_TLS_CERT'),
      key: read('CHAINCODE_TLS_KEY'),
      clientCert: read('CHAINCODE_TLS_CLIENT_CERT'),
    },
  };
}

function contentOf(file: string, readFile: (file: string) => string): string {
  try {
    return readFile(file).trim();
  } catch (error) {
    throw new SettingsError(`CHAINCODE_ID_FILE must name a file with the id: ${String(error)}`);
  }
}
