import { describe, expect, it } from 'vitest';
import { answerTo, namesOf } from './dns.ts';

function question(name: string, type = 1): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, type, 0, 1])]);
}

const names = new Map([['web.shop.svc.cluster.local', ['10.96.0.7', '10.96.0.8']]]);

describe('the names of a cluster', () => {
  it('are answered with every address', () => {
    const answer = answerTo(question('Web.shop.svc.cluster.local'), names);
    expect(answer?.readUInt16BE(0)).toBe(0x12_34);
    expect(answer?.readUInt16BE(6)).toBe(2);
    expect([...(answer?.subarray(-4) ?? [])]).toEqual([10, 96, 0, 8]);
  });

  it('exist without addresses of another kind, and not at all where nobody has them', () => {
    const other = answerTo(question('web.shop.svc.cluster.local', 28), names);
    expect([other?.readUInt16BE(6), (other?.readUInt16BE(2) ?? 0) & 15]).toEqual([0, 0]);
    expect((answerTo(question('none.test'), names)?.readUInt16BE(2) ?? 0) & 15).toBe(3);
  });

  it('leave alone what is no question', () => {
    expect(answerTo(Buffer.alloc(12, 255), names)).toBeUndefined();
    expect(answerTo(question('a').subarray(0, 15), names)).toBeUndefined();
  });

  it('are those of Services: of a headless one its endpoints', () => {
    const meta = { name: 'db', namespace: 'shop', uid: 'u' };
    const slice = {
      metadata: { ...meta, labels: { 'kubernetes.io/service-name': 'db' } },
      endpoints: [{ addresses: ['10.244.1.9'] }],
    };
    expect([...namesOf([{ metadata: meta, spec: { clusterIP: 'None' } }], [slice])]).toEqual([
      ['db.shop.svc.cluster.local', ['10.244.1.9']],
    ]);
  });
});
