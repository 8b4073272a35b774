import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '#controller/api/compile.ts';
import type { JwtKeyIr } from '../../ir/jwt.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';

/** What sessions of logins are made with: the first of each makes, all are accepted. */
export interface LoginKeys {
  readonly session: readonly { readonly kid: string; readonly privateKey: KeyObject }[];
  /** Of 32 bytes, for AES-256. */
  readonly sealing: readonly Uint8Array[];
}

const FILE = 'login-keys.json';
const SEALING_KEY = 32;

/**
 * Reads the keys of logins from the state folder, or makes them there, once, for this user only. Who deletes the file ends
 * every session; who adds keys in front of the others changes them and ends none.
 */
export async function loginKeys(stateFolder: string): Promise<Outcome<LoginKeys, 'Unreadable'>> {
  const file = join(stateFolder, FILE);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return make(file);
  // A copy may have been made with less care.
  await chmod(file, 0o600).catch(() => undefined);
  const keys = parseLoginKeys(text);
  return keys === undefined
    ? refusal('Unreadable', `${file}: has no keys of logins; delete it to have new ones`)
    : success(keys);
}

/** The keys by which the `policy` filter verifies sessions. */
export function sessionKeys({ session }: LoginKeys): readonly JwtKeyIr[] {
  return session.map(({ kid, privateKey }) => {
    const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    return { kid, algorithm: 'ES256', spki: Uint8Array.from(spki) };
  });
}

/** New keys, and the text to keep them as. */
export function newLoginKeys(): { readonly keys: LoginKeys; readonly text: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys: LoginKeys = {
    session: [{ kid: randomBytes(6).toString('base64url'), privateKey }],
    sealing: [randomBytes(SEALING_KEY)],
  };
  const written = {
    session: keys.session.map(({ kid, privateKey: key }) => ({
      kid,
      privateKey: key.export({ type: 'pkcs8', format: 'pem' }),
    })),
    sealing: keys.sealing.map((key) => Buffer.from(key).toString('base64')),
  };
  return { keys, text: `${JSON.stringify(written, undefined, 2)}\n` };
}

async function make(file: string): Promise<Outcome<LoginKeys, 'Unreadable'>> {
  const { keys, text } = newLoginKeys();
  const temporary = `${file}.new`;
  try {
    await rm(temporary, { force: true });
    // Never readable to others, and whole or not there: sessions must outlive a power failure.
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    return success(keys);
  } catch (error) {
    return refusal(
      'Unreadable',
      `${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Reads the keys from the text that they are kept as; undefined where it has none. */
export function parseLoginKeys(text: string): LoginKeys | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || !Array.isArray(value['session']) || !Array.isArray(value['sealing'])) return undefined;
    const session = value['session'].map((key: unknown) => sessionKey(key));
    const sealing = value['sealing'].map((key: unknown) => Uint8Array.from(Buffer.from(String(key), 'base64')));
    const isWhole = session.length > 0 && sealing.length > 0 && sealing.every(({ length }) => length === SEALING_KEY);
    return isWhole ? { session, sealing } : undefined;
  } catch {
    return undefined;
  }
}

function sessionKey(value: unknown): LoginKeys['session'][number] {
  if (!isObject(value)) throw new Error('a key is no object');
  const privateKey = createPrivateKey(String(value['privateKey']));
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('a key is not on P-256');
  return { kid: String(value['kid']), privateKey };
}
