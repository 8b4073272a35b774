import { describe, expect, it } from 'vitest';
import { targetOf } from './controller-address.ts';

describe('a controller that is elsewhere', () => {
  it.each([
    [['10.96.0.7'], 'ipv4:10.96.0.7:18000'],
    [['fd00::7'], 'ipv6:[fd00::7]:18000'],
    [['10.96.0.7', 'fd00::7', '10.96.0.8', 'fd00::8'], 'ipv6:[fd00::7]:18000,[fd00::8]:18000'],
  ])('is reached by the family of addresses by which Envoy reaches it: %j', async (addresses, target) => {
    const asked: string[] = [];
    const resolve = async (host: string) => {
      asked.push(host);
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    };
    expect(await targetOf('controller.system.svc.:18000', resolve)).toBe(target);
    expect(asked).toEqual(['controller.system.svc.']);
  });
});
