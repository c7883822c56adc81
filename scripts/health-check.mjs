// @ts-check
/** Asks the service in this container whether it is ready: ends with 0 or 1. Used by the Dockerfile. */
import http from 'node:http';
import https from 'node:https';

const { SPONDON_PORT = '8080', SPONDON_TLS_CERT } = process.env;
// The certificate names the public host, not this one; nothing leaves the container.
const options = { host: '127.0.0.1', port: SPONDON_PORT, path: '/health/ready', timeout: 4_000 };
const request = SPONDON_TLS_CERT ? https.get({ ...options, rejectUnauthorized: false }) : http.get(options);
request.on('response', (response) => {
  response.resume();
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy(new Error('no answer')));
request.on('error', () => {
  process.exitCode = 1;
});
