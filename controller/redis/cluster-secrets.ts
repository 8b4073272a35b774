import type { Logger } from 'pino';
import { isObject } from '#controller/api/compile.ts';
import { formatFieldPath } from '#controller/api/field-path.ts';
import { backOff } from '#controller/fetch/back-off.ts';
import type { ApiAnswer, ApiServer } from '#controller/kubernetes/api-server.ts';
import { resourcePath, statusMessage } from '#controller/kubernetes/resource-path.ts';
import { admit } from '../provider/admit.ts';
import type { Clock } from '../runtime/clock.ts';
import { messageOf } from '../runtime/message-of.ts';
import type { OwnSecrets, SecretReading } from './counting.ts';

/** What Secrets are followed with. */
export interface ClusterSecretsOptions {
  readonly server: ApiServer;
  /** The controller's own. */
  readonly namespace: string;
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  /** One of them is another than before. */
  readonly changed: () => void;
  readonly log: Logger;
}

/** Secrets that are followed. */
export interface FollowedSecrets extends OwnSecrets {
  stop(): void;
}

const SECRETS = { group: '', version: 'v1', plural: 'secrets' };
/** How often each is read, how much later at most, so that replicas do not ask together, and how soon after a failure. Milliseconds. */
const PAUSE = 10_000;
const SPREAD = 2_000;
const FIRST_PAUSE = 500;

/**
 * Follows Secrets of the controller's namespace by reading each by its name again and again: to watch them would need the right
 * to list every Secret that is there. What was read stays what it was while the API server cannot say what it is or does not let
 * it be read any more, and while our schema refuses it.
 */
export function clusterSecrets(options: ClusterSecretsOptions): FollowedSecrets {
  const { namespace, names, clock, random, log } = options;
  const readings = new Map<string, SecretReading>();
  /** Those that were there, and were missing when they were looked at last: one that is replaced is deleted first. */
  const doubted = new Set<string>();
  const stopping = new AbortController();
  const read = async (name: string): Promise<boolean> => {
    const path = resourcePath(SECRETS, { namespace, name });
    const answer = await options.server.ask({ method: 'GET', path, signal: stopping.signal });
    const before = readings.get(name);
    const reading = readingOf(answer, `Secret ${namespace}/${name}`, { namespace, name });
    if (before?.kind === 'secret' && reading.kind === 'unusable' && !(answer.status === 404 && doubted.has(name))) {
      if (answer.status === 404) doubted.add(name);
      throw new Error(reading.message);
    }
    doubted.delete(name);
    readings.set(name, reading);
    return JSON.stringify(before) !== JSON.stringify(reading);
  };
  let trouble = '';
  let failures = 0;
  const round = async (): Promise<void> => {
    const found = await Promise.allSettled(names.map(read));
    if (stopping.signal.aborted) return;
    const failure = found.find((one) => one.status === 'rejected');
    const message = failure === undefined ? '' : messageOf(failure.reason);
    // An outage of an hour has hundreds of rounds.
    if (message !== '' && message !== trouble)
      log.warn({ reason: message }, 'a Secret that says where to count cannot be used; what is known of it stays');
    trouble = message;
    if (found.some((one) => one.status === 'fulfilled' && one.value)) options.changed();
    failures = message === '' ? 0 : failures + 1;
    const pause = failures === 0 ? PAUSE + random() * SPREAD : backOff(failures, FIRST_PAUSE, random(), PAUSE);
    cancel = clock.after(pause, () => void round());
  };
  let cancel = (): void => undefined;
  if (names.length > 0) void round();
  return {
    namespace,
    read: (name) => readings.get(name),
    stop: () => {
      stopping.abort();
      cancel();
    },
  };
}

/** What an answer says of a Secret; throws where it says nothing of it. */
function readingOf(
  answer: ApiAnswer,
  object: string,
  metadata: { readonly namespace: string; readonly name: string },
): Exclude<SecretReading, undefined> {
  const { status, body } = answer;
  if (status === 404) return { kind: 'unusable', message: `${object} is not there` };
  if (status === 403) return { kind: 'unusable', message: `${object} may not be read: ${statusMessage(body) ?? ''}` };
  if (status !== 200 || !isObject(body)) throw new Error(`${object}: ${status} ${statusMessage(body) ?? ''}`);
  const { type = 'Opaque', data = {} } = body;
  const admitted = admit({ apiVersion: 'v1', kind: 'Secret', metadata, type, data });
  if (admitted.kind === 'resource' && admitted.resource.kind === 'Secret') {
    return { kind: 'secret', secret: admitted.resource };
  }
  const refusals = admitted.kind === 'refused' ? admitted.refusals : [];
  const said = refusals.map(({ path, message }) => `${formatFieldPath(path)}: ${message}`).join('; ');
  return { kind: 'unusable', message: `${object}: ${said}` };
}
