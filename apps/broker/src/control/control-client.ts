import { connect } from "node:net";
import { join } from "node:path";
import { CONTROL_SOCKET, type ControlAnswer, type ControlRequest } from "./control-message.ts";

/** Gives a command to the broker that runs on a data directory. Undefined when none listens there. */
export async function askBroker(
  dataDirectory: string,
  request: ControlRequest,
): Promise<ControlAnswer | undefined> {
  const socket = connect(join(dataDirectory, CONTROL_SOCKET));
  try {
    let answer = "";
    socket.setEncoding("utf8");
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const chunk of socket) answer += chunk as string;
    if (answer === "")
      return { ok: false, message: "the broker closed the connection without an answer" };
    return JSON.parse(answer) as ControlAnswer;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    throw error;
  } finally {
    socket.destroy();
  }
}
