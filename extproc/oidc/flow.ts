import { randomBytes, randomInt } from 'node:crypto';
import type { Cookie } from './cookies.ts';
import type { Login } from './client.ts';
import { open, seal } from './sealing.ts';

/** Logins of one browser that may be under way at a time; one more may take the place of another, whichever that is. */
const FLOWS = 32;

/**
 * A login under way. The browser carries it in a cookie, the provider carries its `state`, and only both together end it: who
 * has begun no login in this browser can end none here.
 */
export interface Flow {
  readonly id: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  /** How often it was begun anew, because another had taken its place. */
  readonly attempt: number;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** Where somebody wants to go, and where the provider is to send them back to. */
export interface Wanted {
  /** "https://host:port". */
  readonly origin: string;
  /** With its query. */
  readonly path: string;
  readonly redirectUri: string;
  readonly attempt: number;
}

/** What the provider hands back, sealed: it is no business of its, nor of whoever reads its log. */
export interface State {
  readonly id: string;
  /** Where the user wanted to go: "https://host:port", and the path with its query. */
  readonly origin: string;
  readonly path: string;
  readonly expires: number;
}

/** A flow, its state, and what the browser and the provider carry of them. */
export interface Begun {
  readonly flow: Flow;
  readonly cookie: Cookie;
  readonly state: string;
}

/** Begins a login. */
export function beginFlow({ client, keys }: Login, wanted: Wanted, now: number): Begun {
  const id = randomText();
  const slot = randomInt(FLOWS);
  const expires = now + client.flowTtl;
  const flow: Flow = {
    id,
    nonce: randomText(),
    verifier: randomBytes(32).toString('base64url'),
    redirectUri: wanted.redirectUri,
    attempt: wanted.attempt,
    expires,
  };
  const state: State = { id, origin: wanted.origin, path: wanted.path, expires };
  const { seal: name } = client.session;
  return {
    flow,
    cookie: {
      name: `${client.cookies.flow}-${slot}`,
      value: seal(JSON.stringify(flow), `flow\0${name}`, keys.sealing),
    },
    state: seal(JSON.stringify(state), `state\0${name}`, keys.sealing),
  };
}

/** Reads a state that we made for this policy; `undefined` for everything else. */
export function openState({ client, keys }: Login, sealed: string, now: number): State | undefined {
  const value = parse(open(sealed, `state\0${client.session.seal}`, keys.sealing));
  return isState(value) && value.expires > now ? value : undefined;
}

/** The logins that this browser has under way, by its cookies. */
export function flowsOf({ client, keys }: Login, cookies: readonly Cookie[], now: number): readonly Flow[] {
  return cookies.flatMap(({ name, value }) => {
    if (!name.startsWith(`${client.cookies.flow}-`)) return [];
    const flow = parse(open(value, `flow\0${client.session.seal}`, keys.sealing));
    return isFlow(flow) && flow.expires > now ? [flow] : [];
  });
}

function randomText(): string {
  return randomBytes(16).toString('base64url');
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

function isState(value: unknown): value is State {
  return hasFields(value, ['id', 'origin', 'path'], ['expires']);
}

function isFlow(value: unknown): value is Flow {
  return hasFields(value, ['id', 'nonce', 'verifier', 'redirectUri'], ['attempt', 'expires']);
}

/** What was sealed by another version may be of another shape. */
function hasFields(value: unknown, texts: readonly string[], numbers: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return (
    texts.every((name) => typeof fields[name] === 'string') && numbers.every((name) => typeof fields[name] === 'number')
  );
}
