import { describe, expect, it } from 'vitest';
import { resolve } from 'node:path';
import { compile } from '../compile.ts';
import { loadOnce } from '../provider/files/load-once.ts';

const { proxies } = compile(loadOnce([resolve(import.meta.dirname, 'testdata/parameters/in.yaml')]));

describe('what a proxy needs to run', () => {
  it('says how it runs as the class does, when its Gateway says nothing', () => {
    expect(proxies.get('infra/as-the-class')?.infra).toMatchObject({
      gatewayClass: 'eg',
      merged: false,
      parameters: { spec: { provider: { kubernetes: { envoyDeployment: { replicas: 2 } } } } },
    });
  });

  it('says it as the Gateway does, merged into what the class says when the Gateway wants that', () => {
    expect(proxies.get('infra/merged')?.infra.parameters).toMatchObject({
      metadata: { name: 'own' },
      spec: {
        provider: {
          kubernetes: { envoyDeployment: { replicas: 2 }, envoyService: { type: 'ClusterIP' } },
        },
      },
    });
  });

  it('has the labels, annotations and ports of the Gateway', () => {
    expect(proxies.get('infra/merged')?.infra.gateways).toEqual([
      {
        namespace: 'infra',
        name: 'merged',
        labels: { team: 'edge' },
        annotations: { 'example.com/cost-centre': '42' },
        addresses: [],
        hostnames: [],
        ports: [{ name: 'http', port: 18282, protocol: 'TCP', application: 'HTTP' }],
      },
    ]);
  });

  it('has no ports of a Gateway that is not accepted', () => {
    expect(proxies.get('infra/parameters-missing')?.infra.gateways).toMatchObject([{ ports: [] }]);
  });

  it('has no proxies for Gateways of other controllers', () => {
    expect(proxies.has('infra/of-others')).toBe(false);
  });
});
