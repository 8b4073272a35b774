import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { type Credentials, type DockerConfig, entryFor, parseDockerConfig } from './credentials.ts';
import { parseObject } from './manifest.ts';
import type { ImageReference } from './reference.ts';

/** How long a helper may take; some ask the user. Milliseconds. */
const LONGEST_HELPER = 60_000;
/** Most bytes of a helper's answer. */
const MOST_OF_AN_ANSWER = 64 * 1024;

/** The names under which helpers know Docker Hub. */
const DOCKER_HUB = 'https://index.docker.io/v1/';

/**
 * The credentials that the user of this machine has for a registry: from the `config.json` of Docker (in `DOCKER_CONFIG`, else
 * `~/.docker`), else the file that `REGISTRY_AUTH_FILE` names (Podman), and from the helpers that the former names. None is no
 * error; a file that cannot be used is one. Never for what others write: helpers are programs that are run.
 */
export async function userCredentials(
  { registry, repository }: ImageReference,
  env: NodeJS.ProcessEnv,
): Promise<Outcome<Credentials | undefined, 'Malformed'>> {
  for (const file of configFiles(env)) {
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined) continue;
    const config = parseDockerConfig(bytes);
    if (!config.ok) return refusal('Malformed', `${file}: ${config.refusal.message}`);
    const found = await fromConfig(config.value, registry, repository, env);
    if (!found.ok) return refusal('Malformed', `${file}: ${found.refusal.message}`);
    if (found.value !== undefined) return found;
  }
  return success(undefined);
}

function configFiles(env: NodeJS.ProcessEnv): readonly string[] {
  const folder = env['DOCKER_CONFIG'] ?? '';
  const auth = env['REGISTRY_AUTH_FILE'] ?? '';
  return [
    join(folder === '' ? join(env['HOME'] ?? homedir(), '.docker') : folder, 'config.json'),
    ...(auth === '' ? [] : [auth]),
  ];
}

async function fromConfig(
  { auths, helpers, store }: DockerConfig,
  registry: string,
  repository: string,
  env: NodeJS.ProcessEnv,
): Promise<Outcome<Credentials | undefined, 'Malformed'>> {
  const helper = entryFor(helpers, registry, repository) ?? store;
  if (helper !== undefined) {
    const kept = await askHelper(helper, registry === 'docker.io' ? DOCKER_HUB : registry, env);
    if (!kept.ok || kept.value !== undefined) return kept;
  }
  return success(entryFor(auths, registry, repository));
}

/** Asks `docker-credential-<name> get` (docker-credential-helpers, "Development"). What it says is not told: it may be secret. */
async function askHelper(
  name: string,
  server: string,
  env: NodeJS.ProcessEnv,
): Promise<Outcome<Credentials | undefined, 'Malformed'>> {
  if (!/^[\w.-]+$/u.test(name)) return refusal('Malformed', `"${name}" is no name of a credential helper`);
  const program = `docker-credential-${name}`;
  const answer = await output(program, server, env);
  if (answer === undefined) return refusal('Malformed', `${program} cannot be run, or takes too long`);
  // It exits with 1 for whatever it has not, and says in words what it was.
  if (answer.code !== 0) return success(undefined);
  const { Username: username, Secret: secret } = parseObject(answer.bytes) ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string') {
    return refusal('Malformed', `${program} answered without a Username and a Secret`);
  }
  if (username === '' && secret === '') return success(undefined);
  return success(
    username === '<token>'
      ? { kind: 'refresh-token', token: secret }
      : { kind: 'password', username, password: secret },
  );
}

async function output(
  program: string,
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly code: number | null; readonly bytes: Uint8Array } | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], timeout: LONGEST_HELPER });
    const chunks: Buffer[] = [];
    let size = 0;
    child.once('error', () => resolve(undefined));
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MOST_OF_AN_ANSWER) chunks.push(chunk);
      else child.kill('SIGKILL');
    });
    child.once('close', (code, signal) => {
      resolve(signal === null ? { code, bytes: new Uint8Array(Buffer.concat(chunks)) } : undefined);
    });
    child.stdin.end(`${input}\n`);
  });
}
