/** One instruction of a Dockerfile: its word, and what follows it on its line. */
export interface Instruction {
  readonly word: string;
  readonly text: string;
}

/** A stage of a Dockerfile: what it is made from, and what is done then. */
export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile, in order. Comments and lines that go on are read as Docker does. */
export function stagesOf(dockerfile: string): readonly Stage[] {
  const lines = dockerfile
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/gu, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, word = '', text = ''] = /^(\w+)\s+(.*)$/u.exec(line.trim()) ?? [];
    const [, from, name = ''] = (word === 'FROM' && /^(\S+)(?:\s+AS\s+(\S+))?$/u.exec(text)) || [];
    if (from !== undefined) stages.push({ name, from, instructions: [] });
    else stages.at(-1)?.instructions.push({ word, text });
  }
  return stages;
}

/** What is wrong with images made so: each a line. */
export function imageProblems(stages: readonly Stage[]): readonly string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  for (const { name, from, instructions } of stages) {
    if (!names.has(from) && !/:[^:]*\d/u.test(from)) problems.push(`${name}: ${from} is of no version`);
    for (const { word, text } of instructions) {
      if (word === 'ADD') problems.push(`${name}: ADD may fetch and unpack: COPY`);
      if (/\b(?:curl|wget|apt-get|sudo)\b/u.test(text)) problems.push(`${name}: ${word} ${text}: is not pinned`);
      if (word === 'ENV' && /token|password|secret/iu.test(text))
        problems.push(`${name}: ENV ${text}: is in the image`);
      const [, source] = /^--from=(\S+)/u.exec(text) ?? [];
      if (source !== undefined && !names.has(source)) problems.push(`${name}: there is no stage ${source} before it`);
      if ((word === 'ENTRYPOINT' || word === 'CMD') && !text.startsWith('[')) {
        problems.push(`${name}: ${word} by a shell gets no signals`);
      }
    }
    if (instructions.some(({ word }) => word === 'ENTRYPOINT') && userOf(stages, name) !== '65532:65532') {
      problems.push(`${name}: runs as ${userOf(stages, name)}, not as 65532:65532`);
    }
    names.add(name);
  }
  return problems;
}

/** The instructions of a stage with those of the stages that it is made from. */
export function allOf(stages: readonly Stage[], name: string): readonly Instruction[] {
  const stage = stages.find((one) => one.name === name);
  return stage === undefined ? [] : [...allOf(stages, stage.from), ...stage.instructions];
}

function userOf(stages: readonly Stage[], name: string): string {
  return allOf(stages, name).findLast(({ word }) => word === 'USER')?.text ?? 'root';
}
