/** A running sluice with routes that users' filters are on, and a registry that tests can make misbehave. */
import { createServer } from 'node:http';
import { type FakeRegistry, startFakeRegistry } from '#controller/oci/testing/fake-registry.ts';
import { packImage } from '#wasm-filters/build/image.ts';
import { type Listening, listen } from '../listening.ts';
import { CLASS, gateway, route } from '../process/manifests.ts';
import { freePort, Site, sluice, until } from '../process/sluice.ts';
import { userFilter } from './user-filter.ts';

/** What came of a request: its status, and what the filters wrote. */
export interface FilterAnswer {
  readonly status: number;
  /** What the filters said on the way back. */
  readonly response: string | null;
  /** What the back-end saw. */
  readonly request: string | undefined;
}

/** A site, and what belongs to it. */
export class FilterSite {
  readonly site: Site;
  readonly registry: FakeRegistry;
  readonly port: number;
  readonly #backend: Listening;

  private constructor(site: Site, registry: FakeRegistry, port: number, backend: Listening) {
    this.site = site;
    this.registry = registry;
    this.port = port;
    this.#backend = backend;
  }

  /** Makes a site with a route at "/<name>" for each name. */
  static async make(routes: readonly string[]): Promise<FilterSite> {
    const registry = await startFakeRegistry();
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      response.end(JSON.stringify({ wasm: request.headers['x-wasm'] }));
    });
    const backend = await listen(server);
    const port = await freePort();
    const text = routes.map((name) => route(name, 'shop', `/${name}`, backend.port)).join('');
    const site = await Site.make({ 'a.yaml': CLASS + gateway('shop', port) + text });
    return new FilterSite(site, registry, port, backend);
  }

  /** Puts a version of the filter into the registry; gives the digest of the image. */
  async publish(repository: string, tag: string, version: string): Promise<string> {
    return this.registry.put(repository, tag, packImage(await userFilter(version), 'artifact'));
  }

  async ask(path: string, headers: { readonly [name: string]: string } = {}): Promise<FilterAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, { headers });
    const text = await response.text();
    const { wasm }: { wasm?: string } = response.status === 200 ? JSON.parse(text) : {};
    return { status: response.status, response: response.headers.get('x-wasm'), request: wasm };
  }

  /** Waits until a path answers so: "200 v01:" or "500 null". */
  async becomes(path: string, expected: string): Promise<void> {
    let last = '';
    await until(`${path} is ${expected}`, async () => {
      const { status, response } = await this.ask(path).catch(() => ({ status: 0, response: null }));
      last = `${status} ${response}`;
      return last === expected;
    }).catch((error: unknown) => {
      throw new Error(`it is ${last}`, { cause: error });
    });
  }

  /** The conditions of an EnvoyExtensionPolicy: "Accepted=True (Accepted): message". */
  async said(policy: string): Promise<string> {
    const { stdout } = await sluice([
      'status',
      'envoyextensionpolicy',
      policy,
      '-o',
      'json',
      '--admin',
      this.site.admin,
    ]);
    const list: { readonly items?: readonly ShownPolicy[] } = stdout === '' ? {} : JSON.parse(stdout);
    return (list.items ?? [])
      .flatMap(({ status }) => status.ancestors.flatMap(({ conditions }) => conditions))
      .map(({ type, status, reason, message }) => `${type}=${status} (${reason}): ${message}`)
      .join('\n');
  }

  /** Waits until the conditions of a policy match; gives them. */
  async says(policy: string, pattern: RegExp): Promise<string> {
    let last = '';
    await until(`the status of ${policy} says ${pattern}`, async () => {
      last = await this.said(policy);
      return pattern.test(last);
    }).catch((error: unknown) => {
      throw new Error(`it says ${last}; ${JSON.stringify(this.site.log().slice(-20))}`, { cause: error });
    });
    return last;
  }

  async destroy(): Promise<void> {
    await this.site.destroy();
    await this.registry.stop();
    await this.#backend.stop();
  }
}

interface ShownPolicy {
  readonly status: {
    readonly ancestors: readonly {
      readonly conditions: readonly {
        readonly type: string;
        readonly status: string;
        readonly reason: string;
        readonly message: string;
      }[];
    }[];
  };
}

/** An EnvoyExtensionPolicy on a route of its name; `wasm` is its list of filters, as JSON can say it. */
export function extension(name: string, wasm: readonly object[], more: object = {}): string {
  const policy = {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyExtensionPolicy',
    metadata: { name },
    spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name }], wasm, ...more },
  };
  return `---\n${JSON.stringify(policy)}\n`;
}

/** A filter out of an image. */
export function image(url: string, more: object = {}, ofImage: object = {}): object {
  return { code: { type: 'Image', image: { url, ...ofImage } }, ...more };
}

/** A Secret with which Alice pulls from a registry. */
export function pullSecret(name: string, registry: string, namespace = 'default'): string {
  const config = { auths: { [registry]: { auth: btoa('alice:s3cret') } } };
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': JSON.stringify(config) },
  };
  return `---\n${JSON.stringify(secret)}\n`;
}
