import { encode } from '#controller/xds/build/message.ts';
import { type XdsResource, type XdsSnapshot, xdsResource } from '#controller/xds/snapshot.ts';
import { route } from './manifests.ts';

/** Makes every virtual host with a poisonous route in it one that Envoy rejects, for reasons it gives no name for. */
export function poisoned(snapshot: XdsSnapshot): XdsSnapshot {
  const poison = (resource: XdsResource): XdsResource => {
    if (!Buffer.from(resource.wire).includes('poison')) return resource;
    const { name, version } = resource;
    const domains = ['twice', 'twice', version];
    return xdsResource('virtual-host', name, encode('envoy.config.route.v3.VirtualHost', { name, domains }));
  };
  const hosts = [...snapshot['virtual-host']].map(([name, resource]) => [name, poison(resource)] as const);
  return { ...snapshot, 'virtual-host': new Map(hosts) };
}

/** A route that Envoy then rejects. */
export function poisonousRoute(name: string, backendPort: number): string {
  const filter = '[{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-test, value: poison }] } }]';
  return route(name, 'shop', `/${name}`, backendPort).replace(
    '      backendRefs:',
    `      filters: ${filter}\n      backendRefs:`,
  );
}
