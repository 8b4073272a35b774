import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { service } from '#proto/load.ts';
import type { Resource } from '#controller/api/gen/types.d.ts';
import { formatProblem } from './provider/format-problem.ts';
import type { Problem } from './provider/provider.ts';
import { namespaceOf } from './resources/resources.ts';
import type { ProxyReport } from './running-proxy.ts';
import type { ObjectStatus } from './status/object-status.ts';
import { kubernetesTime, renderStatus } from './status/render.ts';
import type { ProxyIr } from './ir/proxy.ts';
import { XDS_TYPES, type XdsType } from './xds/types.ts';
import type { Answering } from './runtime/admin.ts';
import type { Clock } from './runtime/clock.ts';
import { configDump } from './xds/config-dump.ts';
import { REDACTED, toPlainJson } from './runtime/plain-json.ts';

/** What the admin service tells of. */
export interface AdminView {
  resources(): Iterable<Resource>;
  problems(): readonly Problem[];
  statuses(): readonly ObjectStatus[];
  proxies(): readonly ProxyReport[];
  readonly clock: Clock;
  readonly controllerName: string;
}

/** Answers for `sluice.admin.v1.Admin`. */
export function adminService(view: AdminView): Answering {
  return connectNodeAdapter({ routes: adminRoutes(view) });
}

function adminRoutes(view: AdminView): (router: ConnectRouter) => void {
  return (router) => {
    router.service(service('sluice.admin.v1.Admin'), {
      listResources: ({ kind }) => ({
        resources: [...view.resources()]
          .filter((resource) => kind === '' || resource.kind === kind)
          .map((resource) => ({
            kind: resource.kind,
            namespace: namespaceOf(resource),
            name: resource.metadata.name,
            json: JSON.stringify(withoutSecretData(resource)),
          })),
      }),
      listProblems: () => ({
        problems: view.problems().map((problem) => ({ severity: problem.severity, text: formatProblem(problem) })),
      }),
      listStatus: ({ kind }) => {
        const occasion = { time: kubernetesTime(view.clock.now()), controllerName: view.controllerName };
        const items = view
          .statuses()
          .filter(({ object }) => kind === '' || object.kind === kind)
          .map((status) => renderStatus(status, occasion));
        return { json: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) };
      },
      listProxies: () => ({
        proxies: view.proxies().map(({ key, ready, connected, envoyPid, restarts }) => ({
          key,
          ready,
          connected,
          envoyPid: envoyPid ?? 0,
          envoyRestarts: restarts.envoy,
          sidecarRestarts: restarts.sidecar,
        })),
      }),
      getIr: ({ proxy }) => ({ json: JSON.stringify(toPlainJson(irOf(view, proxy))) }),
      getXds: ({ proxy }) => ({ json: JSON.stringify(configDump(find(view, proxy).snapshot)) }),
      listAcknowledgements: ({ proxy }) => {
        const reports = proxy === '' ? view.proxies() : [find(view, proxy)];
        return { acknowledgements: reports.flatMap(acknowledgements) };
      },
    });
  };
}

function find(view: AdminView, key: string): ProxyReport {
  const proxies = view.proxies();
  const found = proxies.find((proxy) => proxy.key === key);
  if (found !== undefined) return found;
  const known = proxies.map((proxy) => proxy.key).join(', ');
  throw new ConnectError(`no proxy ${key}; ${known === '' ? 'there is none' : `there are ${known}`}`, Code.NotFound);
}

function irOf(view: AdminView, key: string): ProxyIr | undefined {
  return find(view, key).ir;
}

function acknowledgements({ key, snapshot, acknowledged, rejected, warming }: ProxyReport) {
  const words = new Map(rejected.map(({ type, name, message }) => [`${type}/${name}`, message]));
  return XDS_TYPES.flatMap((type: XdsType) =>
    [...snapshot[type].values()].map((resource) => {
      const { name, version } = resource;
      const message = words.get(`${type}/${name}`);
      const isWarming = type === 'cluster' && warming.has(name);
      const open = isWarming ? 'warming' : 'pending';
      const state = message !== undefined ? 'rejected' : acknowledged(type, resource) ? 'acknowledged' : open;
      return { proxy: key, type, name, version, state, message: message ?? '' };
    }),
  );
}

function withoutSecretData(resource: Resource): object {
  if (resource.kind !== 'Secret') return resource;
  const data = Object.fromEntries(Object.keys(resource.data ?? {}).map((name) => [name, REDACTED]));
  return { ...resource, data };
}
