import { ottlaTests } from "../../vitest.shared.ts";

export default ottlaTests({ include: ["*.test.ts"] });
