import { after } from 'node:test';
import {
  type Answer,
  type Body,
  removeFolder,
  startTestService,
  temporaryFolder,
  type TestService,
} from './deployment.test-support.js';

type Env = Readonly<Record<string, string>>;

/** A service with what tests ask of it again and again: as the operator, as the hospital, as anybody. */
export interface SharedService extends TestService {
  /** Ends it and starts it again on the same folder: whoever holds this object asks the new one from then on. */
  restart(env?: Env): Promise<void>;
  asOperator(method: 'POST' | 'DELETE', url: string, json?: unknown): Promise<Answer>;
  asHospital(method: 'GET' | 'POST' | 'DELETE', url: string): Promise<Answer>;
  /** By the hospital that issued it. */
  revoke(code?: string, json?: unknown, headers?: Env): Promise<Answer>;
  /** The stamped file, as the hospital gets it. */
  fileOf(code?: string): Promise<Buffer>;
  /** What anybody is told of a code. */
  verified(code?: string): Promise<Body>;
}

/** One service for all tests of a file; ended after the last of them, and its folder removed. */
export async function sharedService(env: Env = {}): Promise<SharedService> {
  const dataDir = await temporaryFolder();
  const service: SharedService = {
    ...(await startTestService(dataDir, env)),
    restart: async (newEnv) => {
      await service.close();
      Object.assign(service, await startTestService(dataDir, newEnv, service.hospitalKey));
    },
    asOperator: (method, url, json) =>
      service.ask(method, url, { key: service.operatorKey, ...(json === undefined ? {} : { json }) }),
    asHospital: (method, url) => service.ask(method, url, { key: service.hospitalKey }),
    revoke: (code = '', json = { reason: 'error' }, headers = {}) =>
      service.ask('POST', `/v1/documents/${code}/revocation`, { key: service.hospitalKey, json, headers }),
    fileOf: async (code = '') => (await service.asHospital('GET', `/v1/documents/${code}/file`)).bytes,
    verified: async (code = '') => (await service.ask('GET', `/v1/verify?code=${code}`)).body,
  };
  after(async () => {
    await service.close();
    await removeFolder(dataDir);
  });
  return service;
}
