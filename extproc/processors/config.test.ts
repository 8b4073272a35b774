import { describe, expect, test } from 'vitest';
import { formatFault, parseConfig } from './config.ts';

function faults(text: string): readonly string[] {
  const parsed = parseConfig(text);
  return parsed.kind === 'valid' ? [] : parsed.faults.map((fault) => formatFault('processors.yaml', fault));
}

describe('processors.yaml', () => {
  test('names the module of each policy, and one default', () => {
    const text = [
      'processors:',
      '  - policy: demo/greeting        # both of its processors',
      '    module: ./greeting.ts',
      '  - policy: demo/greeting/1',
      '    module: ./second.ts',
      '  - module: ./fallback.ts',
    ];
    expect(parseConfig(text.join('\n'))).toEqual({
      kind: 'valid',
      entries: [
        { policy: 'demo/greeting', module: './greeting.ts', position: { line: 3, column: 13 } },
        { policy: 'demo/greeting/1', module: './second.ts', position: { line: 5, column: 13 } },
        { policy: undefined, module: './fallback.ts', position: { line: 6, column: 13 } },
      ],
    });
  });

  test('may name none: then every stream fails', () => {
    expect(parseConfig('processors: []')).toEqual({ kind: 'valid', entries: [] });
  });

  test.each([
    [
      'an unknown key',
      'processors:\n  - modul: ./a.ts\n    module: ./a.ts\n',
      'processors.yaml:2:5: unknown key "modul" in an entry of processors; accepted are policy, module',
    ],
    [
      'an unknown key at the top',
      'processors: []\nprocessor: []\n',
      'processors.yaml:2:1: unknown key "processor" in the file; accepted are processors',
    ],
    [
      'a second default',
      'processors:\n  - module: a\n  - module: b\n',
      'processors.yaml:3:5: a second entry without a policy; only one is the default (first at 2:5)',
    ],
    [
      'a policy twice',
      'processors:\n  - {policy: a/b, module: a}\n  - {policy: a/b, module: b}\n',
      'processors.yaml:3:14: policy a/b comes twice (first at 2:14)',
    ],
    [
      'a policy of another form',
      'processors:\n  - policy: Demo\n    module: a\n',
      'processors.yaml:2:13: policy is "Demo"; accepted is <namespace>/<name> or <namespace>/<name>/<index>',
    ],
    ['an entry without a module', 'processors:\n  - policy: a/b\n', 'processors.yaml:2:5: module is missing'],
    ['a module that is no text', 'processors:\n  - module: [a]\n', 'processors.yaml:2:13: module is no text, or empty'],
    [
      'a policy without a value, which is no default',
      'processors:\n  - policy:\n    module: a\n',
      'processors.yaml:2:12: policy is no text, or empty',
    ],
    [
      'an entry that is no map',
      'processors:\n  - ./a.ts\n',
      'processors.yaml:2:5: an entry of processors is no map with policy and module',
    ],
    ['a file without processors', '{}\n', 'processors.yaml:1:1: processors is missing'],
    ['processors that are no list', 'processors: a\n', 'processors.yaml:1:13: processors is no list'],
    ['an empty file', '', 'processors.yaml:1:1: the file is no map with processors'],
  ])('refuses %s, and says where', (_, text, expected) => {
    expect(faults(text)).toEqual([expected]);
  });

  test('refuses a key that comes twice', () => {
    const found = faults('processors: []\nprocessors: []\n');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^processors\.yaml:2:1: .*unique/);
  });

  test('reports everything that is wrong at once', () => {
    expect(faults('processors:\n  - policy: UP\n  - modul: b\n')).toHaveLength(4);
  });
});
