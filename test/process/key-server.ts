import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Issuer } from '#wasm-filters/testing/issuer.ts';
import { type Listening, listen } from '../listening.ts';
import { selfSigned } from '../seeds/self-signed.ts';
import { freePort } from './sluice.ts';

/** Serves a key set by HTTPS under a name of its own, or what a test puts in its place. */
export class KeyServer {
  readonly port: number;
  /** The certificate, in PEM. */
  readonly certificate: string;
  /** How often it was asked. */
  asked = 0;
  answer: (response: ServerResponse) => void = (response) => void response.writeHead(503).end();
  readonly #server: Server;
  #listening: Listening | undefined;

  private constructor(port: number, host: string) {
    const { 'tls.crt': cert, 'tls.key': key } = selfSigned(host);
    this.port = port;
    this.certificate = cert;
    this.#server = createServer({ cert, key }, (_, response) => {
      this.asked += 1;
      response.on('error', () => undefined);
      this.answer(response);
    });
  }

  /** Makes the server of a host; it does not listen yet. */
  static async make(host: string): Promise<KeyServer> {
    return new KeyServer(await freePort(), host);
  }

  /** Answers with the keys of issuers from now on. */
  serve(...issuers: readonly Issuer[]): void {
    this.answer = (response) => void response.end(JSON.stringify({ keys: issuers.map(({ jwk }) => jwk) }));
  }

  async up(): Promise<void> {
    this.#listening = await listen(this.#server, { host: '127.0.0.1', port: this.port });
  }

  async down(): Promise<void> {
    await this.#listening?.stop();
  }
}
