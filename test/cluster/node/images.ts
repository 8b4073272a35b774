import type { Container } from './kinds.ts';

/** What an image is on this machine: there is no container engine, its program is a local one. */
export interface LocalImage {
  /** Whether it stands for an image by this name. */
  readonly stands: (image: string) => boolean;
  /** The program and the arguments that the image's entry point has. */
  readonly entrypoint: readonly string[];
  /** Files and folders that the image has, by where a container sees them. */
  readonly files: readonly { readonly source: string; readonly path: string }[];
  /** Variables that the image sets. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether a container's command replaces the entry point as it stands, not by the local program. */
  readonly keepsCommand: boolean;
}

/** What a container runs: the command of the container or of its image, and the arguments. */
export function argumentsOf(image: LocalImage, { command, args = [] }: Container): readonly string[] {
  if (command === undefined || command.length === 0) return [...image.entrypoint, ...args];
  if (image.keepsCommand) return [...command, ...args];
  // What the command names lies elsewhere in the real image.
  return [...image.entrypoint, ...command.slice(1), ...args];
}
