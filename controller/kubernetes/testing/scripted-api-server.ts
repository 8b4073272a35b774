import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isObject } from '#controller/api/compile.ts';
import type { ApiServer } from '../api-server.ts';
import { httpApiServer } from '../http-api-server.ts';
import { type ApiCall, callOf } from '../resource-path.ts';
import { type JsonObject, mergePatch, metadataOf, ObjectStore, type StoredEvent } from './object-store.ts';

/** A kind that a scripted API server serves. */
export interface ScriptedKind {
  readonly group: string;
  readonly versions: readonly string[];
  readonly plural: string;
  readonly kind: string;
}

/** A refusal that asks to be left alone for a while. */
export interface Refused {
  readonly status: number;
  /** Seconds. */
  readonly retryAfter: number;
}

/** What a scripted API server does otherwise than a real one, changed while it runs. */
export interface Script {
  /** Answers a request with this status instead; undefined lets it through. */
  refuse: (call: ApiCall) => number | Refused | undefined;
  /** Lets a request wait for so long before anything is done with it. Milliseconds. */
  delay: (call: ApiCall) => number;
  /** Called after each request that was granted. */
  seen: (call: ApiCall) => void;
}

/** An API server in memory, with HTTP around it: lists in pages, watches with bookmarks, patches, conflicts, outages. */
export interface ScriptedApiServer {
  readonly store: ObjectStore;
  readonly script: Script;
  readonly url: string;
  /** Every call so far, refused ones too. */
  readonly calls: readonly ApiCall[];
  /** What speaks with it. */
  client(): ApiServer;
  /** Starts to serve a kind: its CRD is installed. */
  install(kind: ScriptedKind): void;
  /** Stops to serve a kind; its objects are gone. */
  uninstall(kind: ScriptedKind): void;
  /** Cuts every connection, and takes new ones. */
  cut(): void;
  /** Is gone until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Watches, or those of a kind ("group/plural"), say nothing until the function that it gives is called, and then all that has happened. */
  stall(table?: string): () => void;
  /** Tells watches how far they are. */
  bookmark(): void;
  close(): Promise<void>;
}

/** What watches have not said yet. */
interface Held {
  readonly table: string | undefined;
  readonly said: (() => void)[];
}

interface Watching {
  readonly table: string;
  readonly response: ServerResponse;
  readonly partial: boolean;
  readonly kind: ScriptedKind;
  readonly version: string;
}

/** Starts one that serves these kinds. */
export async function scriptedApiServer(kinds: readonly ScriptedKind[]): Promise<ScriptedApiServer> {
  const store = new ObjectStore();
  const installed = new Map(kinds.map((kind) => [`${kind.group}/${kind.plural}`, kind]));
  const script: Script = {
    refuse: () => undefined,
    delay: () => 0,
    seen: () => undefined,
  };
  const calls: ApiCall[] = [];
  const watches = new Set<Watching>();
  const agents: Agent[] = [];
  const state: { server: Server | undefined; port: number; held: Held | undefined } = {
    server: undefined,
    port: 0,
    held: undefined,
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', 'http://server');
    const isWatch = url.searchParams.get('watch') === 'true';
    const call = callOf(request.method ?? '', url.pathname, isWatch);
    const text = await textOf(request);
    if (call === undefined) return refuse(response, 404, 'NotFound', 'no such path');
    calls.push(call);
    const delay = script.delay(call);
    if (delay > 0) await sleep(delay);
    const refused = script.refuse(call);
    if (typeof refused === 'number') return refuse(response, refused, 'Refused', 'refused by the script');
    if (refused !== undefined) {
      response.setHeader('retry-after', String(refused.retryAfter));
      return refuse(response, refused.status, 'Refused', 'refused by the script');
    }
    const [plural = '', subresource] = call.resource.split('/');
    const table = `${call.group}/${plural}`;
    const kind = installed.get(table);
    if (kind === undefined || !kind.versions.includes(call.version)) {
      return refuse(response, 404, 'NotFound', 'the server could not find the requested resource');
    }
    const partial = request.headers.accept?.includes('PartialObjectMetadata') === true;
    const show = (object: JsonObject): JsonObject => shown(object, kind, call.version, partial);
    const namespace = call.namespace ?? '';
    switch (call.verb) {
      case 'list':
        list(response, store, table, call, url.searchParams, show);
        break;
      case 'watch':
        watch(response, url.searchParams, { table, response, partial, kind, version: call.version }, call);
        break;
      case 'get': {
        const object = store.get(table, namespace, call.name ?? '');
        if (object === undefined) refuse(response, 404, 'NotFound', `${plural} "${call.name}" not found`);
        else answer(response, 200, show(object));
        break;
      }
      case 'delete': {
        const gone = store.delete(table, namespace, call.name ?? '');
        if (gone === undefined) refuse(response, 404, 'NotFound', `${plural} "${call.name}" not found`);
        else answer(response, 200, show(gone));
        break;
      }
      default:
        write(response, request, store, table, call, subresource, JSON.parse(text), show);
    }
    script.seen(call);
  };

  const watch = (response: ServerResponse, query: URLSearchParams, watching: Watching, call: ApiCall): void => {
    const since = Number(query.get('resourceVersion') ?? '0');
    if (since < store.oldest && since !== 0) return refuse(response, 410, 'Expired', 'too old resource version');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const tell = ({ type, table, object }: StoredEvent): void => {
      if (table !== watching.table || !isMeant(object, call, query)) return;
      const seen = shown(object, watching.kind, watching.version, watching.partial);
      const line = `${JSON.stringify({ type, object: seen })}\n`;
      const { held } = state;
      if (held === undefined || (held.table ?? table) !== table) response.write(line);
      else held.said.push(() => response.write(line));
    };
    const unfollow = store.follow(since === 0 ? store.version : since, tell);
    watches.add(watching);
    response.on('close', () => {
      unfollow();
      watches.delete(watching);
    });
  };

  const listen = async (): Promise<void> => {
    const server = createServer((request, response) => {
      serve(request, response).catch((error: unknown) => {
        if (!response.headersSent) refuse(response, 500, 'InternalError', String(error));
      });
    });
    server.listen(state.port, '127.0.0.1');
    await once(server, 'listening');
    state.server = server;
    state.port = portOf(server.address());
  };
  const stop = async (): Promise<void> => {
    const { server } = state;
    if (server === undefined) return;
    state.server = undefined;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await listen();
  const url = `http://127.0.0.1:${state.port}`;
  return {
    store,
    script,
    url,
    calls,
    client: () => {
      const agent = new Agent({ keepAlive: true });
      agents.push(agent);
      return httpApiServer({ url, userAgent: 'test', access: () => Promise.resolve({ headers: {}, agent }) });
    },
    install: (kind) => installed.set(`${kind.group}/${kind.plural}`, kind),
    uninstall: (kind) => {
      const table = `${kind.group}/${kind.plural}`;
      for (const object of store.list(table)) {
        const { namespace = '', name } = metadataOf(object);
        store.delete(table, String(namespace), String(name));
      }
      installed.delete(table);
      for (const watching of watches) if (watching.table === table) watching.response.end();
    },
    cut: () => state.server?.closeAllConnections(),
    down: stop,
    up: listen,
    stall: (table) => {
      const held: Held = { table, said: [] };
      state.held = held;
      return () => {
        state.held = undefined;
        for (const tell of held.said) tell();
      };
    },
    bookmark: () => {
      for (const { response, kind, version } of watches) {
        const object = {
          apiVersion: apiVersion(kind, version),
          kind: kind.kind,
          metadata: { resourceVersion: String(store.version) },
        };
        response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
      }
    },
    close: async () => {
      await stop();
      for (const agent of agents) agent.destroy();
    },
  };
}

function list(
  response: ServerResponse,
  store: ObjectStore,
  table: string,
  call: ApiCall,
  query: URLSearchParams,
  show: (object: JsonObject) => JsonObject,
): void {
  const all = store.list(table).filter((object) => isMeant(object, call, query));
  const limit = Number(query.get('limit') ?? '0');
  const [version = '', offset = '0'] = (query.get('continue') ?? `${store.version}:0`).split(':');
  if (Number(version) < store.oldest) {
    refuse(response, 410, 'Expired', 'the provided continue parameter is too old');
    return;
  }
  const end = limit === 0 ? all.length : Number(offset) + limit;
  // Items of a list are written without what the list says already, as typed lists are.
  const items = all.slice(Number(offset), end).map((object) => {
    const { apiVersion: _, kind: __, ...rest } = show(object);
    return rest;
  });
  const next = end < all.length ? { continue: `${version}:${end}` } : {};
  answer(response, 200, { kind: 'List', metadata: { resourceVersion: version, ...next }, items });
}

function write(
  response: ServerResponse,
  request: IncomingMessage,
  store: ObjectStore,
  table: string,
  call: ApiCall,
  subresource: string | undefined,
  body: unknown,
  show: (object: JsonObject) => JsonObject,
): void {
  const written = isObject(body) ? body : {};
  const name = call.name ?? String(metadataOf(written)['name']);
  const namespace = call.namespace ?? '';
  const before = store.get(table, namespace, name);
  const isApply = request.headers['content-type'] === 'application/apply-patch+yaml';
  if (call.verb === 'create' && before !== undefined) {
    refuse(response, 409, 'AlreadyExists', `${name} already exists`);
    return;
  }
  if (call.verb !== 'create' && before === undefined && !isApply) {
    refuse(response, 404, 'NotFound', `${name} not found`);
    return;
  }
  const expected = metadataOf(written)['resourceVersion'];
  if (before !== undefined && expected !== undefined && expected !== metadataOf(before)['resourceVersion']) {
    refuse(response, 409, 'Conflict', 'the object has been modified');
    return;
  }
  const merged = call.verb === 'patch' ? mergePatch(before ?? {}, written) : written;
  const next = isObject(merged) ? merged : {};
  // Where there is a status, only the path of the status writes it.
  const whole =
    subresource === 'status'
      ? { ...before, status: next['status'] }
      : before?.['status'] === undefined
        ? next
        : { ...next, status: before['status'] };
  const metadata = subresource === 'status' && before !== undefined ? metadataOf(before) : metadataOf(next);
  const placed = { ...metadata, name, ...(namespace === '' ? {} : { namespace }) };
  answer(response, call.verb === 'create' ? 201 : 200, show(store.put(table, { ...whole, metadata: placed })));
}

/** An object in the version that was asked for, or only its metadata. */
function shown(object: JsonObject, kind: ScriptedKind, version: string, partial: boolean): JsonObject {
  const { apiVersion: _, kind: __, ...rest } = object;
  if (partial) {
    return { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: object['metadata'] };
  }
  return { apiVersion: apiVersion(kind, version), kind: kind.kind, ...rest };
}

function apiVersion({ group }: ScriptedKind, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

function isMeant(object: JsonObject, call: ApiCall, query: URLSearchParams): boolean {
  const metadata = metadataOf(object);
  if (call.namespace !== undefined && metadata['namespace'] !== call.namespace) return false;
  const selector = query.get('fieldSelector');
  return (selector === null || selector === `metadata.name=${String(metadata['name'])}`) && hasLabels(metadata, query);
}

/** Understands selectors of the form "a=b,c=d". */
function hasLabels(metadata: JsonObject, query: URLSearchParams): boolean {
  const labels = isObject(metadata['labels']) ? metadata['labels'] : {};
  const wanted = (query.get('labelSelector') ?? '').split(',').filter((term) => term !== '');
  return wanted.every((term) => {
    const [key = '', value = ''] = term.split('=');
    return labels[key] === value;
  });
}

function answer(response: ServerResponse, status: number, body: JsonObject): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, code: number, reason: string, message: string): void {
  answer(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += String(chunk);
  return text;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}
