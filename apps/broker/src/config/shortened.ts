/** Enough to recognise what somebody sent, and little enough for any message and any log line. */
const SHOWN_CHARS_MAX = 200;

/** Text from outside as a message repeats it. */
export function shortened(text: string): string {
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
}
