import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '#controller/provider/format-problem.ts';
import { ARTICLE_GROUPS } from './article-groups.ts';
import { SEED_FILES, seedPath, SEEDS_ARE_THERE, shortName } from './folder.ts';
import type { SeedGroup } from './group.ts';
import { GUIDE_GROUPS } from './guide-groups.ts';
import { HASHES } from './hashes.ts';
import { compileGroup, runGroup } from './seed-world.ts';
import { showSaid } from './show-status.ts';
import { SLIDE_GROUPS } from './slide-groups.ts';

const GROUPS: readonly SeedGroup[] = [...GUIDE_GROUPS, ...ARTICLE_GROUPS, ...SLIDE_GROUPS];

it('the seeds are beside the checkout, or it is said that they are not; in CI they must be', () => {
  if (!SEEDS_ARE_THERE) process.stderr.write("the seeds' manifests are not beside the checkout: they are not run\n");
  expect(SEEDS_ARE_THERE || process.env['CI'] !== 'true').toBe(true);
});

if (SEEDS_ARE_THERE) {
  describe('the manifests of the seeds', () => {
    it('are the 82 that are known, to the byte', () => {
      expect(SEED_FILES).toHaveLength(82);
      const found = SEED_FILES.map((file) => [
        file,
        createHash('sha256')
          .update(readFileSync(seedPath(file)))
          .digest('hex'),
      ]);
      expect(Object.fromEntries(found)).toEqual(HASHES);
    });

    it('have each a stated expectation', () => {
      const stated = new Set(GROUPS.flatMap(({ files }) => files));
      expect(SEED_FILES.map(shortName).filter((name) => !stated.has(name))).toEqual([]);
    });
  });

  describe.each(GROUPS)('$name', (group) => {
    it('is read and compiled as stated', () => {
      const { loaded, translation } = compileGroup(group);
      const problems = loaded.problems.map(
        (problem) => `${shortName(basename(problem.file))}:${withoutPath(formatProblem(problem))}`,
      );
      const stated = (group.problems ?? []).map(([at, message]) =>
        expect.stringMatching(new RegExp(`^${at}: .*${message.source}`, 'u')),
      );
      expect(problems).toEqual(stated);
      const said = showSaid(translation.statuses().flat());
      expect(said.map(({ line }) => line)).toEqual(group.status);
      const messages = said.flatMap((one) => one.messages);
      for (const pattern of group.says ?? []) expect(messages).toContainEqual(expect.stringMatching(pattern));
    });

    const { live } = group;
    if (live !== undefined) {
      it('answers requests as stated, on real Envoy', async () => {
        await runGroup(group, live);
      });
    }
  });
}

/** A line of a problem without the path of its file, which differs from machine to machine. */
function withoutPath(line: string): string {
  return line.slice(line.indexOf('.yaml:') + '.yaml:'.length);
}
