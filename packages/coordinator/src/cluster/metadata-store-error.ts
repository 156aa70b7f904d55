/**
 * An operating failure of the metadata store. The message is one line for the operator: what is
 * wrong, where, and what to do about it.
 */
export class MetadataStoreError extends Error {
  override readonly name = "MetadataStoreError";
}
