import { describe, expect, it } from 'vitest';
import { admit } from '#controller/provider/admit.ts';
import { backendProblem } from './clusters.ts';

function problemOf(endpoint: object, loopbackBackends: boolean): string | undefined {
  const admission = admit({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'Backend',
    metadata: { name: 'b' },
    spec: { endpoints: [endpoint] },
  });
  if (admission.kind !== 'resource') return `refused: ${JSON.stringify(admission)}`;
  if (admission.resource.kind !== 'Backend') throw new Error('no Backend');
  return backendProblem(admission.resource, { loopbackBackends, ownFolders: ['/var/run/sluice'] })?.reason;
}

const ip = (address: string) => ({ ip: { address, port: 19_000 } });
const fqdn = (hostname: string) => ({ fqdn: { hostname, port: 19_000 } });
const unix = (path: string) => ({ unix: { path } });

describe('a Backend that is the proxy itself', () => {
  it.each([
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '::', '::1', '0:0:0:0:0:0:0:1', '::ffff:7f00:1'].map(ip),
    ...['::ffff:127.0.0.1', '0:0:0:0:0:ffff:127.0.0.1', '64:ff9b::7f00:1'].map(ip),
    ...['localhost', 'localhost.', 'a.localhost', '127.0.0.1', '127.1'].map(fqdn),
  ])('is refused in a pod, however it is spelled: %j', (endpoint) => {
    expect(problemOf(endpoint, false)).toMatch(/^InvalidAddress$|^refused/u);
    expect(problemOf(endpoint, true) ?? '').not.toBe('InvalidAddress');
  });

  it.each(
    [
      '/var/run/sluice/sidecar.sock',
      '/var/run/sluice/../sluice//sidecar.sock',
      '/run/sluice/sidecar.sock',
      ['/proc/1', 'root', 'var/run/sluice/sidecar.sock'].join('/'),
      ['/dev/fd/..', 'root', 'var/run/sluice/sidecar.sock'].join('/'),
      ['/dev/fd/7', 'sidecar.sock'].join('/'),
      '/opt/link/../sluice/sidecar.sock',
    ].map(unix),
  )('is refused everywhere by the path of a socket of ours: %j', (endpoint) => {
    expect([problemOf(endpoint, false), problemOf(endpoint, true)]).toEqual(['InvalidAddress', 'InvalidAddress']);
  });

  it.each([
    ip('10.1.2.3'),
    ip('fd00::1'),
    fqdn('a.example.com'),
    fqdn('localhost.example'),
    unix('/var/run/ext-proc/extproc.sock'),
    unix('/var/run/ext-proc/..extproc.sock'),
  ])('is no other one: %j', (endpoint) => {
    expect(problemOf(endpoint, false)).toBeUndefined();
  });
});
