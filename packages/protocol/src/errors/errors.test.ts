import { describe, expect, it } from "vitest";
import { ErrorCode } from "./error-codes.ts";
import { errorInfo } from "./error-info.ts";
import { ProtocolError } from "./protocol-error.ts";

describe("error codes", () => {
  it("are numbered without a gap from -1 to 133", () => {
    const codes = Object.values(ErrorCode).toSorted((a, b) => a - b);
    expect(codes).toEqual(Array.from({ length: 135 }, (_, i) => i - 1));
  });

  it("tell whether trying again can help", () => {
    expect(errorInfo(ErrorCode.NOT_LEADER_OR_FOLLOWER)).toMatchObject({ name: "NOT_LEADER_OR_FOLLOWER", retriable: true });
    expect(errorInfo(ErrorCode.MESSAGE_TOO_LARGE).retriable).toBe(false);
  });

  it("of the future are shown by their number", () => {
    expect(errorInfo(4711)).toMatchObject({ code: 4711, name: "ERROR_4711", retriable: false });
  });

  it("become exceptions with Kafka's name in them", () => {
    const error = new ProtocolError(ErrorCode.INVALID_CONFIG, "retention.ms must be a number");
    expect(error.message).toBe("INVALID_CONFIG: retention.ms must be a number");
    expect(error).toMatchObject({ code: 40, errorName: "INVALID_CONFIG", retriable: false });
  });
});
