import { after } from 'node:test';
import { startCopies } from './copies.test-support.js';
import {
  type Answer,
  type Body,
  removeFolder,
  type ServiceUnderTest,
  startTestService,
  temporaryFolder,
  TESTS_ON,
  type TestService,
} from './deployment.test-support.js';

type Env = Readonly<Record<string, string>>;

/** What tests ask of a service again and again: as the operator, as the hospital, as anybody. */
export interface Asking {
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

export type SharedService = TestService & Asking;

/** One service in this process for all tests of a file; ended after the last of them, and its folder removed. */
export function sharedService(env: Env = {}): Promise<SharedService> {
  return share(startTestService, env);
}

/** The same for tests of the API: wherever this run has it. */
export function apiService(env: Env = {}): Promise<ServiceUnderTest & Asking> {
  return share<ServiceUnderTest>(TESTS_ON === 'consortium' ? startCopies : startTestService, env);
}

async function share<Service extends ServiceUnderTest>(
  start: (dataDir: string, env?: Env, keptKey?: string) => Promise<Service>,
  env: Env,
): Promise<Service & Asking> {
  const dataDir = await temporaryFolder();
  const service: Service & Asking = {
    ...(await start(dataDir, env)),
    restart: async (newEnv) => {
      await service.close();
      Object.assign(service, await start(dataDir, newEnv, service.hospitalKey));
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
