/** Calls back after the input of the current turn of the event loop was handled: the point where work of one tick is grouped. */
export function afterThisTurn(callback: () => void): void {
  setImmediate(callback);
}

/** Lets the event loop take a turn, so that a long job does not stand before what arrived meanwhile. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
