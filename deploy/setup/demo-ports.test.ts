import { describe, expect, it } from 'vitest';
import { DEMO_PORTS, takePorts, withPorts } from './demo-ports.ts';

describe('the ports of the demonstration', () => {
  it('are those of its manifests where nobody asks for others', () => {
    expect(takePorts(['--state-dir', 's'])).toEqual({ ports: DEMO_PORTS, rest: ['--state-dir', 's'] });
  });

  it('begin with the one that is asked for, and the manifests follow', () => {
    const { ports, rest } = takePorts(['--ports', '20000', '--state-dir', 's']);
    expect(rest).toEqual(['--state-dir', 's']);
    expect(ports).toEqual({ gateway: 20_000, withoutModule: 20_001, backEnd: 20_010, provider: 20_011, admin: 20_012 });
    expect(withPorts('port: 18080\nurl: http://127.0.0.1:18091/x # 180801', ports)).toBe(
      'port: 20000\nurl: http://127.0.0.1:20011/x # 180801',
    );
  });

  it('are refused where they are none', () => {
    for (const text of ['80', 'many', '65530']) expect(() => takePorts(['--ports', text])).toThrow(`found ${text}`);
    expect(() => takePorts(['--ports'])).toThrow('accepted is a whole number from 1024 to 65523');
  });
});
