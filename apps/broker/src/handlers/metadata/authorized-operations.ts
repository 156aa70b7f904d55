/*
 * Sets of operations that a principal may do, as a bit per operation code: read 3, write 4,
 * create 5, delete 6, alter 7, describe 8, cluster action 9, describe configs 10, alter configs 11,
 * idempotent write 12. Without an authorizer everyone may do whatever applies to the resource.
 */
function operations(...codes: readonly number[]): number {
  return codes.reduce((bits, code) => bits | (1 << code), 0);
}

export const ALL_TOPIC_OPERATIONS = operations(3, 4, 5, 6, 7, 8, 10, 11);
export const ALL_CLUSTER_OPERATIONS = operations(5, 7, 8, 9, 10, 11, 12);
/** The client did not ask. */
export const OPERATIONS_NOT_ASKED = -2_147_483_648;
