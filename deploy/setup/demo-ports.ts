/** The ports of the demonstration, all on loopback. */
export interface DemoPorts {
  readonly gateway: number;
  /** Of the Gateway whose policy module is missing. */
  readonly withoutModule: number;
  readonly backEnd: number;
  readonly provider: number;
  /** Of the controller. */
  readonly admin: number;
}

/** The ports that its manifests are written with, and that it has where no others are asked for. */
export const DEMO_PORTS: DemoPorts = {
  gateway: 18_080,
  withoutModule: 18_081,
  backEnd: 18_090,
  provider: 18_091,
  admin: 19_001,
};

const LARGEST = 65_535 - 12;

/** Takes `--ports FIRST` out of arguments: the ports are that one and four of the twelve after it. Throws for what is no port. */
export function takePorts(args: readonly string[]): { readonly ports: DemoPorts; readonly rest: readonly string[] } {
  const at = args.indexOf('--ports');
  if (at < 0) return { ports: DEMO_PORTS, rest: args };
  const text = args[at + 1] ?? '';
  const first = Number(text);
  if (!Number.isInteger(first) || first < 1_024 || first > LARGEST) {
    throw new Error(`--ports: found ${text}, accepted is a whole number from 1024 to ${LARGEST}`);
  }
  const ports = {
    gateway: first,
    withoutModule: first + 1,
    backEnd: first + 10,
    provider: first + 11,
    admin: first + 12,
  };
  return { ports, rest: args.toSpliced(at, 2) };
}

/** A manifest of the demonstration with other ports than those it is written with. */
export function withPorts(manifest: string, ports: DemoPorts): string {
  const places = (['gateway', 'withoutModule', 'backEnd', 'provider'] as const).map((name) => ({
    written: String(DEMO_PORTS[name]),
    wanted: String(ports[name]),
  }));
  return manifest.replaceAll(/\b\d{5}\b/gu, (text) => places.find(({ written }) => written === text)?.wanted ?? text);
}
