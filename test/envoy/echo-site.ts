import { type Echo, startEcho } from '../scenario/echo.ts';
import { backend, route, type RouteSite, startRouteSite } from './route-site.ts';

/** A site with three back-ends that echo. */
export interface EchoSite extends RouteSite {
  readonly echoes: readonly [Echo, Echo, Echo];
  /** A Backend for each: `echo-0`, `echo-1` and `echo-2`. */
  readonly backends: readonly object[];
  /** Serves one route with these rules, and whatever is given beside; resolves with its port. */
  serveRules(rules: readonly object[], ...others: readonly object[]): Promise<number>;
}

/** Starts one. */
export async function startEchoSite(): Promise<EchoSite> {
  const site = await startRouteSite();
  const more = await Promise.all([startEcho(), startEcho()]);
  const echoes = [site.echo, ...more] as const;
  const backends = echoes.map((echo, index) => backend(`echo-${index}`, [echo.port]));
  return {
    ...site,
    echoes,
    backends,
    serveRules: (rules, ...others) => site.serve(route(rules), ...backends, ...others),
    stop: async () => {
      await site.stop();
      await Promise.all(more.map((echo) => echo.stop()));
    },
  };
}
