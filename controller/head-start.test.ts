import { describe, expect, it } from 'vitest';
import { HeadStart, likelyProxies } from './head-start.ts';
import type { OpenProxy } from './infra/infra.ts';

const OURS = 'example.com/ours';
const gatewayClass = (name: string, controllerName = OURS) => ({
  kind: 'GatewayClass',
  metadata: { name },
  spec: { controllerName },
});
const gateway = (metadata: object, gatewayClassName = 'c') => ({
  kind: 'Gateway',
  metadata,
  spec: { gatewayClassName },
});

describe('the proxies that documents will most likely have', () => {
  it('are those of Gateways of a class of ours', () => {
    const documents = [
      gatewayClass('c'),
      gatewayClass('other', 'example.com/others'),
      gateway({ name: 'a' }),
      gateway({ name: 'b', namespace: 'n' }),
      gateway({ name: 'x' }, 'other'),
      gateway({ name: 'y' }, 'none'),
    ];
    expect(likelyProxies(documents, OURS)).toEqual(['default/a', 'n/b']);
  });

  it('are not told where Gateways may be merged', () => {
    const merging = { kind: 'EnvoyProxy', metadata: { name: 'p' }, spec: { mergeGateways: true } };
    expect(likelyProxies([gatewayClass('c'), gateway({ name: 'a' }), merging], OURS)).toEqual([]);
  });

  it('are none for what is no object, or has no name', () => {
    expect(likelyProxies([null, 'x', [], gatewayClass('c'), gateway({}), gateway({ name: 3 })], OURS)).toEqual([]);
  });
});

describe('a head start', () => {
  const closed: string[] = [];
  const open = (key: string): Promise<OpenProxy> => {
    if (key === 'broken') return Promise.reject(new Error('no'));
    return Promise.resolve({
      socket: { take: () => undefined, close: () => Promise.resolve() },
      deploy: () => undefined,
      deployed: undefined,
      envoyPid: undefined,
      restarts: { envoy: 0, sidecar: 0 },
      untilListening: () => Promise.resolve(false),
      close: () => Promise.resolve(void closed.push(key)),
    });
  };

  it('is given away once, and what nobody takes is closed, save what somebody will', async () => {
    const start = new HeadStart(['taken', 'wrong', 'broken', 'later'], open);
    await start.opened();
    await expect(start.take('taken')).resolves.toBeDefined();
    expect(start.take('taken')).toBeUndefined();
    await start.closeOthers(new Set(['later']));
    expect(closed).toEqual(['wrong']);
    expect(start.take('wrong')).toBeUndefined();
    await start.closeOthers();
    expect(closed).toEqual(['wrong', 'later']);
  });
});
