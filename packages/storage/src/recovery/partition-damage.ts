/** A fault that recovery must not repair by itself: the partition stays offline. */
export class PartitionDamage extends Error {
  override readonly name = "PartitionDamage";
}
