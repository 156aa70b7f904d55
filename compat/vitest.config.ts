import { ottlaTests } from "../vitest.shared.ts";

export default ottlaTests({ include: ["runner/**/*.test.ts", "kill-loop/**/*.test.ts"] });
