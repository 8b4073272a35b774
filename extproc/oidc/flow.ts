import { randomBytes, randomInt } from 'node:crypto';
import type { Cookie } from './cookies.ts';
import type { Login } from './client.ts';
import { open, seal } from './sealing.ts';

/** Logins of one browser that may be under way at a time; one more takes the place of any of them. */
export const FLOWS = 32;

/**
 * A login under way. The browser carries it in a cookie, the provider carries its `state`, and only both together end it: who
 * has begun no login in this browser can end none here.
 */
export interface Flow {
  readonly id: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** What the provider hands back, sealed: it is no business of its, nor of whoever reads its log. */
export interface State {
  readonly id: string;
  /** Which of the cookies of logins has the flow. */
  readonly slot: number;
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

/** Begins a login of somebody who wants to go to a path of an origin. */
export function beginFlow(
  { client, keys }: Login,
  wanted: { readonly origin: string; readonly path: string; readonly redirectUri: string },
  now: number,
): Begun {
  const id = randomText();
  const slot = randomInt(FLOWS);
  const expires = now + client.flowTtl;
  const flow: Flow = {
    id,
    nonce: randomText(),
    verifier: randomBytes(32).toString('base64url'),
    redirectUri: wanted.redirectUri,
    expires,
  };
  const state: State = { id, slot, origin: wanted.origin, path: wanted.path, expires };
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

/** The flow of a state, from the cookies of the browser; `undefined` when this browser did not begin it. */
export function flowOf(
  { client, keys }: Login,
  state: State,
  cookies: readonly Cookie[],
  now: number,
): Flow | undefined {
  const name = `${client.cookies.flow}-${state.slot}`;
  for (const cookie of cookies) {
    if (cookie.name !== name) continue;
    const value = parse(open(cookie.value, `flow\0${client.session.seal}`, keys.sealing));
    if (isFlow(value) && value.id === state.id && value.expires > now) return value;
  }
  return undefined;
}

function randomText(): string {
  return randomBytes(16).toString('base64url');
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

function isState(value: unknown): value is State {
  return hasFields(value, ['id', 'origin', 'path'], ['slot', 'expires']);
}

function isFlow(value: unknown): value is Flow {
  return hasFields(value, ['id', 'nonce', 'verifier', 'redirectUri'], ['expires']);
}

/** What was sealed by another version may be of another shape. */
function hasFields(value: unknown, texts: readonly string[], numbers: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return (
    texts.every((name) => typeof fields[name] === 'string') && numbers.every((name) => typeof fields[name] === 'number')
  );
}
