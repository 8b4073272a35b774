/** A handler has returned what is no result of its phase: its stream fails, as if it had thrown. */
export class InvalidResult extends TypeError {
  override readonly name = 'InvalidResult';
}
