/** Writes to a stream of the process; that nobody reads it any more, as after `| head`, is no failure. */
export function writeQuietly(stream: NodeJS.WriteStream, text: string): void {
  if (!stream.listeners("error").includes(ignoreClosedPipe)) stream.on("error", ignoreClosedPipe);
  stream.write(text);
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
